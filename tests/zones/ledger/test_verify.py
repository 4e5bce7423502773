"""Walking the chain: what was changed is found at its position, and the walk goes on behind it."""

import json
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import apsw
import pytest

from tests.structure.sources import ROOT
from zones.ledger.__main__ import main
from zones.ledger.log import Log, LogSettings
from zones.ledger.verify import verify
from zones.runtime.ledger_chain import MISSING, UNFIT, UNPROVEN, Fault
from zones.runtime.ledger_file import LOG, LedgerReader


def no_news(kind: str, **payload: Any) -> None:
    assert kind == "archive.opened", (kind, payload)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a ledger of 2000 records, closed."""
    folder = tmp_path / "data" / "ledger"
    log = Log(folder, LogSettings(), no_news)
    log.append([b"record %d" % number for number in range(1, 2001)])
    log.close()
    return folder


def tamper(folder: Path, statement: str) -> None:
    connection = apsw.Connection(str(folder / LOG))
    connection.execute(statement)
    connection.close()


def test_whole_ledger_is_whole(folder: Path) -> None:
    """Nothing is found, every record was read, the head is that of the newest."""
    reader = LedgerReader(folder)
    verdict = verify(reader)
    assert (verdict.ok, verdict.events, verdict.last) == (True, 2000, 2000)
    assert verdict.head == reader.head(2000)
    assert verify(reader, 700, 710).events == 11


@pytest.mark.parametrize("position", [1, 512, 513, 1999, 2000])
def test_changed_record_is_named(folder: Path, position: int) -> None:
    """The one record that was changed is bad, and no other."""
    tamper(folder, f"UPDATE records SET record = x'00' WHERE position = {position}")
    verdict = verify(LedgerReader(folder))
    assert verdict.faults == [Fault(position, position, UNFIT)]
    assert (verdict.first_bad, verdict.events) == (position, 2000)


def test_changed_head_is_named(folder: Path) -> None:
    """A changed head is found at its position; the next record does not fit it either."""
    tamper(folder, "UPDATE records SET head = zeroblob(32) WHERE position = 700")
    assert verify(LedgerReader(folder)).faults == [Fault(700, 701, UNFIT)]


def test_missing_records_are_named(folder: Path) -> None:
    """Records that are gone without a word are found, in the middle and at the beginning."""
    tamper(folder, "DELETE FROM records WHERE position BETWEEN 30 AND 40 OR position = 1")
    faults = verify(LedgerReader(folder)).faults
    assert faults == [
        Fault(1, 1, MISSING),
        Fault(2, 2, UNPROVEN),
        Fault(30, 40, MISSING),
        Fault(41, 41, UNPROVEN),
    ]


def test_part_that_begins_behind_the_damage_is_whole(folder: Path) -> None:
    """Only what was asked about is judged."""
    tamper(folder, "UPDATE records SET record = x'00' WHERE position = 700")
    assert verify(LedgerReader(folder), 701).ok
    assert not verify(LedgerReader(folder), 700, 700).ok


def test_command_prints_what_programs_rely_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--json says events, head, ok, first_bad; damage is exit 1, no ledger is 69."""
    home = str(folder.parents[1])
    assert main(["verify", "--home", home, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["events"], told["ok"], told["first_bad"]) == (2000, True, None)
    tamper(folder, "UPDATE records SET record = x'00' WHERE position = 700")
    assert main(["verify", "--home", home]) == 1
    assert "700" in capsys.readouterr().out
    assert main(["verify", "--home", home, "--from", "701"]) == 0
    assert main(["verify", "--home", home + "/none"]) == 69
    assert main(["verify", "--home", home, "--from", "0"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--from", "50", "--to", "10"], 2, "cannot verify from 50 to 10"),
        (["--from", "2001"], 5, "nothing to check, the newest is 2000"),
        (["--from", "2001", "--to", "3000"], 5, "nothing to check, the newest is 2000"),
        (["--from", "1999", "--to", "3000"], 0, "whole"),
    ],
)
def test_nothing_to_check_is_no_proof(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    """A part that holds nothing is refused, and never said to be whole."""
    assert main(["verify", "--home", str(folder.parents[1]), *words]) == code
    told = capsys.readouterr()
    assert said in told.out + told.err
    assert ("whole" in told.out) == (code == 0)


def test_ledger_without_an_event_has_nothing_to_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no damage either."""
    Log(tmp_path / "data" / "ledger", LogSettings(), no_news).close()
    assert main(["verify", "--home", str(tmp_path)]) == 0
    assert "nothing to check" in capsys.readouterr().out


@pytest.mark.slow
def test_command_runs_by_its_name(folder: Path) -> None:
    """`python -m zones.ledger verify` is a program."""
    words = [sys.executable, "-m", "zones.ledger", "verify", "--json"]
    done = run(
        [*words, "--home", str(folder.parents[1])],
        cwd=ROOT,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert json.loads(done.stdout)["ok"] is True
