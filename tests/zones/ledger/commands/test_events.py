"""`molt events`: the rows people see, the documents and lines programs read, and following."""

import io
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, id_text, pack_envelope
from Kernel.contract.places import CONSOLE_SOCKET, LEDGER
from tests.structure.sources import ROOT
from tests.support.wait import wait_until
from tests.zones.ledger.paper_ledger import event_id, make
from tests.zones.ledger.real_ledger import index, no_news, store
from zones.ledger.__main__ import main
from zones.ledger.commands.event_rows import EventRows, shorten
from zones.ledger.log import Log, LogSettings
from zones.ledger.writer_file import NAME
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_presence import LOCK, is_written, what_is_missing
from zones.world.recorded import read_inputs

EVENTS = [
    make(1, "command.taken", zone="kernel", tick=None,
         payload={"command": "drill", "by_pid": 7, "args": {"kind": "kill"}}),
    make(2, "zone.died", zone="kernel", level=Level.WARNING, cause=1,
         payload={"zone": "stable", "role": "active", "pid": 9, "how": "signal 9"}),
    make(3, payload={"entity_count": 1412, "lineages": 7, "avg_energy": 54.24}, agent="a1" * 16),
    make(4, "input.applied",
         payload={"tick": 4, "sequence": 1, "input": {"kind": "world.pause", "at_tick": 0}}),
    make(5, "zone.given_up", zone="kernel", level=Level.ERROR, payload={"why": "x\x1b[2Jy"}),
]  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Path:
    store(tmp_path / LEDGER, EVENTS)
    index(tmp_path / LEDGER)
    return tmp_path


@pytest.fixture
def run(house: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["events", "--home", str(house), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_rows_for_people(run: Any) -> None:
    """Time, tick, whose, kind, a sentence, the position; nothing in it moves a cursor."""
    code, out, err = run()
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 7)
    assert lines[1] == "── 2027-01-15 UTC ──"
    assert lines[3].split() == [
        "08:00:02", "2", "stable", "▲", "zone.died",
        "active", "with", "pid", "9", "ended:", "signal", "9", "#2",
    ]  # fmt: skip
    assert "1\u2009412 molbots in 7 lineages, mean energy 54.2" in lines[4]
    assert "a1a1" not in out, "the id of an arena is nobody's name"
    assert "\x1b" not in out


def test_one_document(run: Any) -> None:
    """With --json one document: the events as everywhere, and how far the ledger goes."""
    told = json.loads(run("--json", "kind=input.applied")[1])
    assert told["v"] == 1 and told["newest"] == 5
    assert [event["payload"]["input"]["kind"] for event in told["events"]] == ["world.pause"]
    assert json.loads(run("--json", "kind=nothing")[1])["events"] == []


@pytest.mark.parametrize(
    ("words", "positions"),
    [
        ((), [1, 2, 3, 4, 5]),
        (("--last", "2"), [4, 5]),
        (("--last", "0"), []),
        (("zone=stable",), [2, 3, 4]),
        (("level!=info",), [2, 5]),
        (("zone=stable", "--since", "tick:3", "kind!=telemetry"), [4]),
        (("--since", "#2", "--until", "tick:4"), [2, 3, 4]),
        (("--since", "2027-01-15T08:00:04Z", "--no-index"), [4, 5]),
        ((f"cause={id_text(event_id(1))}",), [2]),
        (("tick=3..4",), [3, 4]),
    ],
)
def test_what_is_shown(run: Any, words: tuple[str, ...], positions: list[int]) -> None:
    """Filters may stand before, between and behind options."""
    told = json.loads(run("--json", *words)[1])
    assert [event["position"] for event in told["events"]] == positions


def test_nothing_fits(run: Any) -> None:
    """It says what was asked, how much there is, and which kinds are near."""
    code, out, _ = run("kind=zone.dead", "--since", "#2")
    assert code == 0
    assert (
        "None of the 5\u2009events in the ledger (#1 to #5) fits kind=zone.dead --since #2" in out
    )
    assert "near: zone." in out


def test_no_ledger_and_an_empty_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says what would fill it."""
    assert main(["events", "--home", str(tmp_path)]) == 69
    assert "hint: python manifest.py --home" in capsys.readouterr().err
    Log(tmp_path / LEDGER, LogSettings(), no_news).close()
    assert main(["events", "--home", str(tmp_path)]) == 0
    assert "The ledger is empty" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("--since", "x"),
        ("--last", "-1"),
        ("--last", "x"),
        ("tick=1",) * 9,
        ("--what",),
        ("foo=bar",),
        ("level=warn",),
        ("-f", "--until", "5m"),
    ],
)
def test_wrong_words(run: Any, words: tuple[str, ...]) -> None:
    """They are refused with 2."""
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith("cannot ")


def test_a_field_that_no_event_has(run: Any) -> None:
    """It says which is near, and how a field of somebody's own event is asked for."""
    assert "did you mean zone?" in run("zones=x")[2]
    assert "payload.foo asks for one of your own" in run("foo=bar")[2]
    assert run("payload.foo=bar")[0] == run("why=*")[0] == run("input.kind=*")[0] == 0


def test_a_number_that_is_none(run: Any) -> None:
    """What is wrong is told in words, not by the name of a function."""
    assert "'x' is not a whole number from 0 to" in run("--last", "x")[2]


def test_what_it_prints_feeds_a_world(run: Any, tmp_path: Path) -> None:
    """Both forms are taken by `molt world run --inputs`."""
    document, lines = tmp_path / "document", tmp_path / "lines"
    document.write_text(run("--json", "kind=input.applied")[1])
    lines.write_text(
        "".join(LedgerEvent(n, event).line() + "\n" for n, event in enumerate(EVENTS, 1))
    )
    read = [[(each.tick, each.input.kind) for each in read_inputs(p)] for p in (document, lines)]
    assert read[0] == read[1] and len(read[0]) == 1


def test_a_row_is_cut_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal no row is wider than it, and colours repeat what shapes say."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, coloured = Terminal(), Terminal()
    event = LedgerEvent(12, make(2, "note", payload={"text": "long " * 100}, level=Level.ERROR))
    EventRows(plain, {"NO_COLOR": "1"}).show(event)
    EventRows(coloured, {}).show(event)
    row = plain.getvalue().splitlines()[1]
    assert len(row) <= 90 and row.endswith("…  #12") and "✕" in row
    assert "\x1b[31m" in coloured.getvalue() and "\x1b" not in plain.getvalue()
    assert shorten("abc", 3) == "abc"


def test_presence(house: Path) -> None:
    """A home at rest is nothing to speak of; a kernel without an archive is."""
    folder = house / LEDGER
    assert LOCK == NAME
    assert what_is_missing(house) == ""
    assert not is_written(folder)
    (house / CONSOLE_SOCKET).parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as console:
        console.bind(str(house / CONSOLE_SOCKET))
        assert what_is_missing(house) == "", "a socket that nobody listens at"
        console.listen()
        assert what_is_missing(house).startswith("the archive is away")
        log = Log(folder, LogSettings(), no_news)
        assert is_written(folder)
        assert what_is_missing(house) == ""
        log.close()


class Follower:
    """`molt events -f --json` as a process."""

    def __init__(self, home: Path, *words: str) -> None:
        line = [sys.executable, "-m", "zones.ledger", "events", "--home", str(home), "-f", *words]
        self.process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.out = self.process.stdout

    def next(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.out.readline())
        return fields

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.out.close()


@pytest.mark.slow
def test_following_where_no_kernel_runs(house: Path) -> None:
    """Whoever waits for what never comes is told so, once and soon, with what helps."""
    line = [sys.executable, "-m", "zones.ledger", "events", "--home", str(house), "-f"]
    process = subprocess.Popen(
        line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said.startswith("no kernel runs at ")
        assert said.endswith(f"hint: python manifest.py --home {house}\n")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_following(house: Path) -> None:
    """What comes is shown at once, in order and once, over restarts of whoever writes."""
    follower = Follower(house, "--json", "kind=telemetry", "--last", "1")
    try:
        assert follower.next()["position"] == 3
        number = 6
        for _ in range(3):
            log = Log(house / LEDGER, LogSettings(), no_news)
            for _ in range(3):
                events: list[Envelope] = [make(number), make(number + 1, "note")]
                log.append([pack_envelope(event) for event in events])
                assert follower.next()["position"] == number
                number += 2
            log.close()
        follower.out.close()
        log = Log(house / LEDGER, LogSettings(), no_news)

        def gone() -> bool:
            log.append([pack_envelope(make(number, payload=pack({"x": "y" * 1000})))] * 100)
            return follower.process.poll() is not None

        wait_until("the end of who is not read any more", gone)
        assert follower.process.returncode == 0, "its reader has left: no error"
        log.close()
    finally:
        follower.end()
