"""`molt sql`: what it prints and with which code it ends."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.structure.sources import ROOT
from tests.zones.ledger.exports.samples import samples
from tests.zones.ledger.exports.small_ledger import harm, many, store
from zones.ledger.__main__ import main

pytest.importorskip("duckdb")
pytestmark = pytest.mark.slow  # DuckDB takes a while to be imported


def run(home: Path, *words: str) -> int:
    return main(["sql", "--home", str(home), *words])


def test_answer_for_people_and_for_programs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table, or one document."""
    store(home, samples()).close()
    query = (
        "SELECT kind, count(*) AS n FROM events WHERE kind LIKE 'drill.%' GROUP BY ALL ORDER BY 1"
    )
    assert run(home, query) == 0
    assert capsys.readouterr().out.splitlines() == [
        "kind         n",
        "drill.begun  1",
        "drill.ended  1",
    ]
    assert run(home, query, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == [{"kind": "drill.begun", "n": 1}, {"kind": "drill.ended", "n": 1}]


def test_rows_beyond_the_limit_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, so that a pipe gets rows only."""
    store(home, many(5)).close()
    assert run(home, "FROM events", "--rows", "2") == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 3
    assert "more rows" in said.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["SELEC 1"], 2),
        (["SELECT 1; SELECT 2"], 2),
        (["SELECT 1", "--rows", "0"], 2),
        (["SELECT 1", "--time", "9h"], 2),
        ([], 2),
        (["DROP TABLE events"], 5),
        (["SELECT * FROM read_csv('/etc/passwd')"], 5),
        (["SELECT count(*) FROM range(1000000000000)", "--time", "100ms"], 5),
    ],
)
def test_codes(home: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int) -> None:
    """2 for a fault in the words, 5 for what may not be done."""
    store(home, many(1)).close()
    assert run(home, *words) == code
    assert capsys.readouterr().err.startswith("cannot ")


def test_no_ledger_and_no_duckdb(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """69 and 78, each with what helps."""
    assert run(home, "SELECT 1") == 69
    store(home, many(1)).close()
    monkeypatch.setitem(sys.modules, "duckdb", None)
    capsys.readouterr()
    assert run(home, "SELECT 1") == 78
    assert "[science]" in capsys.readouterr().err


def test_damage_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record that cannot be parsed is a row that says so, as in the index and the relations."""
    store(home, many(3), damaged=2).close()
    assert run(home, "SELECT kind FROM events WHERE position = 2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [{"kind": "archive.damaged"}]


def test_what_was_changed_or_lost_is_never_in_an_answer(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused; with --past-damage it is left out, said, and the code is 1."""
    store(home, many(12)).close()
    harm(home, "DELETE FROM records WHERE position = 8")
    harm(home, "UPDATE records SET record = x'00' WHERE position = 3")
    assert run(home, "SELECT count(*) AS n FROM events") == 1
    assert "cannot read event 3 of the ledger" in capsys.readouterr().err
    assert run(home, "SELECT count(*) AS n FROM events", "--past-damage", "--json") == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["rows"] == [{"n": 10}]
    assert (
        "left out: cannot read event 3" in told.err and "left out: cannot read event 8" in told.err
    )


def test_gap_on_record_is_told_and_no_damage(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer is there, with what is missing and why beside it."""
    store(home, many(12)).close()
    harm(home, "DELETE FROM records WHERE position = 5")
    harm(home, "INSERT INTO gaps VALUES (5, 5, 'the disk broke', 1)")
    assert run(home, "SELECT count(*) AS n FROM events", "--json") == 0
    assert "is missing (#5): the disk broke" in capsys.readouterr().err


def test_ctrl_c_ends_a_query_at_once(home: Path) -> None:
    """DuckDB itself would hear of it when it is done."""
    store(home, many(2)).close()
    query = "SELECT count(*) FROM range(10000000000000)"
    words = [sys.executable, "-m", "zones.ledger", "sql", "--home", str(home), query]
    # A child of a shell's background job would ignore it.
    script = "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    line = [sys.executable, "-c", script + "os.execv(sys.argv[1], sys.argv[1:])", *words]
    with subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        end_s = time.monotonic() + 60
        while threads(child(process.pid)) < 3:  # its own, the query's and DuckDB's
            assert time.monotonic() < end_s and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, "")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("SELECT repeat('x', 2000000000)", "memory"),
        (
            "SELECT length(list_sum(list_sort(range(30000000)))::VARCHAR) FROM range(50)",
            "more than",
        ),
    ],
)
def test_a_function_that_hears_nothing_is_ended(
    home: Path, capsys: pytest.CaptureFixture[str], query: str, word: str
) -> None:
    """DuckDB is not interrupted within a call: memory and time are kept by a process of its own."""
    store(home, many(2)).close()
    began_s = time.monotonic()
    assert run(home, query, "--time", "300ms") == 5
    assert time.monotonic() < began_s + 6.0
    assert word in capsys.readouterr().err


def child(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
