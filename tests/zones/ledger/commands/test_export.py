"""`molt export`: what it writes, what it says, and with which code it ends."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.zones.ledger.exports.samples import START_NS, STEP_NS, samples
from tests.zones.ledger.exports.small_ledger import harm, ledger_folder, many, store
from tests.zones.ledger.real_ledger import index
from zones.ledger.__main__ import main
from zones.ledger.commands import events, export


def run(home: Path, *words: str) -> int:
    return main(["export", "--home", str(home), *words])


def kinds(path: Path) -> list[str]:
    return [json.loads(line)["kind"] for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("indexed", [False, True])
def test_filters_choose_as_events_does(home: Path, indexed: bool) -> None:
    """By field, by kind and those below it, from a position, a tick or a date on."""
    store(home, samples()).close()
    if indexed:
        index(ledger_folder(home))
    wanted = {
        ("kind=drill.*",): ["drill.begun", "drill.ended"],
        ("--kind", "drill", "--kind", "zone.died"): ["drill.begun", "zone.died", "drill.ended"],
        ("zone=kernel", "level=warning"): ["zone.died"],
        ("--since", "#14"): ["zone.taken_over", "drill.ended"],
        ("--since", "tick:184503", "zone=kernel"): ["zone.taken_over", "drill.ended"],
        ("--since", "2026-09-22",): [],
        ("kind=nothing",): [],
    }  # fmt: skip
    for words, found in wanted.items():
        assert run(home, str(home / "out.jsonl"), *words, "--force") == 0
        assert kinds(home / "out.jsonl") == found, words


def test_so_long_ago_is_by_the_wall_clock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """5m is five minutes before now."""
    store(home, many(10)).close()
    monkeypatch.setattr(events, "now_ns", lambda: START_NS + 10 * STEP_NS + 60_000_000_000)
    assert run(home, str(home / "out.jsonl"), "--since", "60.1s") == 0
    assert len(kinds(home / "out.jsonl")) == 3


def test_answer_says_what_was_written(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For people a line, with --json a document."""
    store(home, samples()).close()
    path = home / "out.pb"
    assert run(home, str(path), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["path"] == str(path)
    assert (told["events"], told["newest"], told["format"]) == (
        len(samples()),
        len(samples()),
        "protobuf",
    )
    assert told["bytes"] == path.stat().st_size
    assert run(home, str(path), "--force") == 0
    assert capsys.readouterr().out.startswith(f"{len(samples())} events in {path}, 0.0 MB")


def test_chain_heads_are_in_every_swarm_event_that_is_chosen(home: Path) -> None:
    """Also of a part: it is computed over what was left out."""
    reader = store(home, samples())
    assert run(home, str(home / "a.pb"), "kind=drill.*") == 0
    head = reader.head(12)
    assert head is not None and head in (home / "a.pb").read_bytes()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["out"], 2),
        (["out.jsonl", "nonsense"], 2),
        (["out.jsonl", "--since", "yesterday"], 2),
        (["no/out.jsonl"], 5),
        (["out.jsonl", "--format", "xml"], 2),
        ([], 2),
    ],
)
def test_wrong_words_are_refused_with_their_code(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int
) -> None:
    """2 for usage, 5 for what is understood and cannot be."""
    store(home, many(1)).close()
    paths = [str(home / words[0]), *words[1:]] if words else []
    assert run(home, *paths) == code
    assert capsys.readouterr().err.startswith("cannot ")


def test_existing_file_and_missing_ledger(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """5 and 69; with --json the error is a document, too."""
    assert run(home, str(home / "a.jsonl"), "--json") == 69
    assert "no ledger" in json.loads(capsys.readouterr().out)["error"]["message"]
    store(home, many(1)).close()
    (home / "a.jsonl").write_text("mine")
    assert run(home, str(home / "a.jsonl")) == 5
    assert "--force" in capsys.readouterr().err
    assert (home / "a.jsonl").read_text() == "mine"


def test_damage_ends_it_unless_it_is_to_be_left_out(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The position is named; with --past-damage the rest is written and the code is still 1."""
    store(home, many(3), damaged=2).close()
    assert run(home, str(home / "a.jsonl")) == 1
    assert "event 2" in capsys.readouterr().err
    assert not (home / "a.jsonl").exists()
    for name in ("a.jsonl", "a.pb"):
        assert run(home, str(home / name), "--past-damage") == 1
        assert "left out: cannot read event 2" in capsys.readouterr().err
    assert len(kinds(home / "a.jsonl")) == 2


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("name", ["a.jsonl", "a.pb"])
@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("UPDATE records SET record = (SELECT record FROM records WHERE position = 7) "
         "WHERE position = 5", "event 5 of the ledger: it does not fit its head"),
        ("DELETE FROM records WHERE position = 8", "event 8 of the ledger: there is no record"),
    ],
)  # fmt: skip
def test_what_was_changed_or_lost_is_never_exported_as_if_nothing_were(
    home: Path, capsys: pytest.CaptureFixture[str], statement: str, left: str, name: str,
    indexed: bool,
) -> None:  # fmt: skip
    """Refused; with --past-damage it is left out, said, and the code is 1."""
    store(home, many(12)).close()
    harm(home, statement)
    if indexed:
        index(ledger_folder(home))
    assert run(home, str(home / name)) == 1
    assert left in capsys.readouterr().err
    assert not (home / name).exists()
    assert run(home, str(home / name), "--past-damage", "--json") == 1
    told = capsys.readouterr()
    assert f"left out: cannot read {left}" in told.err
    assert json.loads(told.out)["events"] == 11
    assert run(home, str(home / name), "--past-damage", "--force", "kind=weather.read") == 1


def test_gap_on_record_is_told_and_no_damage(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is written, the code is 0, and what is missing is said with its reason."""
    store(home, many(12)).close()
    harm(home, "DELETE FROM records WHERE position BETWEEN 5 AND 6")
    harm(home, "INSERT INTO gaps VALUES (5, 6, 'the disk broke', 1)")
    assert run(home, str(home / "a.jsonl"), "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["gaps"] == [{"first": 5, "last": 6, "why": "the disk broke"}]
    assert "events are missing (#5 to #6): the disk broke" in told.err


def test_end_by_a_signal_leaves_no_draft(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither half a file nor a hidden one."""
    store(home, many(3)).close()

    def ended(*_: object) -> Iterator[Any]:
        yield (1, many(1)[0]), b""
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(export, "_found", ended)
    with pytest.raises(SystemExit) as left:
        run(home, str(home / "a.jsonl"))
    assert left.value.code == 143
    assert [path.name for path in home.iterdir()] == ["data"]
