"""What must hold of the table "spans": each span once, whatever is killed when."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.errors import LedgerError
from Kernel.contract.messages import Degraded
from tests.zones.ledger.exports.samples import DECIDED, drill, event, samples
from tests.zones.ledger.exports.small_ledger import ledger_folder, many, store
from tests.zones.ledger.exports.test_spans import AGENT, later, numbered
from tests.zones.ledger.real_ledger import derive, index
from zones.ledger.derived import Derived
from zones.ledger.exports import otel
from zones.ledger.exports.otel import SpanTable
from zones.ledger.exports.spans import Span


class PaperSender:
    def __init__(self) -> None:
        self.spans: list[Span] = []

    def offer(self, spans: Sequence[Span]) -> None:
        self.spans += spans

    def facts(self) -> dict[str, Any]:
        return {"sent": len(self.spans)}

    def degraded(self) -> tuple[Degraded, ...]:
        return (Degraded("archive.spans", "cannot send"),)

    def close(self) -> None:
        pass


def no_news(kind: str, **payload: Any) -> None:
    raise AssertionError(f"told {kind}: {payload}")


def opened(home: Path, sender: Any = None) -> SpanTable:
    ledger_folder(home).mkdir(parents=True, exist_ok=True)
    open_sender = None if sender is None else lambda: sender
    return SpanTable(ledger_folder(home), home / "log", open_sender, no_news)


def names(home: Path) -> list[str]:
    """Return the names of all spans in the files, the oldest file first."""
    files = [*sorted((home / "log").glob("spans.?.jsonl"), reverse=True), home / "log/spans.jsonl"]
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines()]
    return [
        span["name"]
        for line in lines
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def test_is_a_derived_table(tmp_path: Path) -> None:
    """The deriver drives it beside the others."""
    store(tmp_path, [*many(5), *drill(), later()]).close()
    table: Derived = opened(tmp_path)
    assert table.name == "spans"
    index(ledger_folder(tmp_path))
    derive(ledger_folder(tmp_path), table)
    assert table.upto == 11
    assert names(tmp_path) == [each.kind for each in drill()]


def test_a_cause_is_found_however_late_it_came(tmp_path: Path) -> None:
    """What began a chain is told with its first effect, when both came after a first look, too."""
    table = opened(tmp_path)
    first, second = drill(20), drill(40)
    for place, part in enumerate((first[:1], first[1:], second[:1], second[1:])):
        store(tmp_path, part).close()
        index(ledger_folder(tmp_path))
        table.take(numbered(part, table.upto + 1))
        assert place % 2 or len(names(tmp_path)) == (5 if place else 0)
    assert names(tmp_path) == [each.kind for each in (*first, *second)]


def test_open_cycle_goes_over_a_restart(tmp_path: Path) -> None:
    """What an agent began before a kill is one span with what it did after it."""
    table = opened(tmp_path)
    table.take(numbered([event(1, "agent.decided", DECIDED, **AGENT)]))
    assert names(tmp_path) == []
    # No close: it was killed.
    table = opened(tmp_path)
    assert table.upto == 1 and table.facts()["open"] == 1
    table.take(numbered([later()], 2))
    assert names(tmp_path) == ["agent_execution_cycle"]


def test_a_cause_is_told_once_over_a_restart(tmp_path: Path) -> None:
    """Also where it has effects before a kill and after it."""
    root, *effects = drill()
    later_one = event(70, "drill.judged", {}, cause=root.id)
    store(tmp_path, [root, *effects, later_one]).close()
    index(ledger_folder(tmp_path))
    table = opened(tmp_path)
    table.take(numbered([root, *effects]))
    # No close: it was killed.
    table = opened(tmp_path)
    table.take(numbered([later_one], table.upto + 1))
    assert names(tmp_path) == [each.kind for each in (root, *effects, later_one)]


def test_lines_without_their_transaction_are_cut(tmp_path: Path) -> None:
    """Killed between the two, the events are taken again and their spans are there once."""
    table = opened(tmp_path)
    table.take(numbered(drill()))
    path = tmp_path / "log" / "spans.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"resourceSpans":[')
    table = opened(tmp_path)
    assert path.read_bytes() == whole
    table.take(numbered([later()], 6))
    assert len(names(tmp_path)) == 5


def test_disk_that_refuses_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither lines nor cycles nor position; later all of it is taken."""
    table = opened(tmp_path)
    rows = numbered([event(1, "agent.decided", DECIDED, **AGENT), *drill()])
    with monkeypatch.context() as broken:
        broken.setattr(table._spans, "append", _full)
        with pytest.raises(LedgerError, match="No space") as refused:
            table.take(rows)
        assert refused.value.hint.startswith("df")
    assert (table.upto, names(tmp_path), table.facts()["open"]) == (0, [], 0)
    with monkeypatch.context() as broken:
        broken.setattr(table._file, "take", _refuse)
        with pytest.raises(LedgerError, match="no transaction"):
            table.take(rows)
    assert (table.upto, names(tmp_path), table.facts()["open"]) == (0, [], 0)
    table.take(rows)
    assert names(tmp_path) == [each.kind for each in drill()]


def _full(_line: bytes) -> int:
    raise OSError(28, "No space left on device")


def _refuse(*_: object) -> None:
    raise LedgerError("no transaction")


def test_files_turn_over_and_nothing_is_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over many turns, with a restart after each batch."""
    monkeypatch.setattr(otel, "SPANS_A_LINE", 2)
    for turn in range(6):
        table = opened(tmp_path)
        table._spans._file_bytes = 3000
        table.take(numbered(drill(10 * turn), 1 + 5 * turn))
        table.close()
    files = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert len(files) > 1
    assert names(tmp_path) == [each.kind for each in drill()] * (len(names(tmp_path)) // 5)


def test_rebuilding_begins_at_one(tmp_path: Path) -> None:
    """The same spans come again, under the same ids."""
    table = opened(tmp_path)
    table.take(numbered(drill()))
    once = (tmp_path / "log" / "spans.jsonl").read_text()
    table.rebuild()
    assert table.upto == 0
    table.take(numbered(drill()))
    assert (tmp_path / "log" / "spans.jsonl").read_text() == once * 2


def test_sender_gets_what_is_written(tmp_path: Path) -> None:
    """And its state is the table's."""
    sender = PaperSender()
    table = opened(tmp_path, sender)
    table.take(numbered([*samples(), later()]))
    assert [span.name for span in sender.spans] == names(tmp_path)
    assert table.facts()["sent"] == len(sender.spans) == table.facts()["written"]
    assert table.degraded()[0].why == "cannot send"
    table.close()


def test_nothing_is_said_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Spans are for files and collectors."""
    table = opened(tmp_path)
    table.take(numbered([*samples(), later()]))
    table.close()
    assert capfd.readouterr() == ("", "")
