"""`molt lessons`: what people and programs are told."""

import json
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.envelope import Envelope, id_text
from tests.zones.ledger.lesson_book import FORAGE, SPAWN, lesson
from tests.zones.ledger.paper_ledger import event_id, make
from tests.zones.ledger.real_ledger import store
from zones.ledger.__main__ import main
from zones.ledger.commands.lessons import NONE_YET, clean
from zones.runtime.lessons.embeddings import HASHED, Choice
from zones.runtime.lessons.lesson import lesson_id

READY = {"mutation_id": "m1", "trait_name": "forage", "version": 2}
FAILED = {"mutation_id": "m1", "error": "births fell", "stage": "guard", "rollback_to": "v1"}


@pytest.fixture(autouse=True)
def hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use hashed n-grams, whatever is installed here."""
    choice = Choice(HASHED, "hashed n-grams: no model in tests", "make memory")
    monkeypatch.setattr("zones.ledger.commands.lessons.choose_embedding", lambda: choice)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keep(
        tmp_path,
        make(1, "mutation.applied", payload=READY),
        make(2, "mutation.failed", payload=FAILED),
        lesson(3, SPAWN, from_positions=[1]),
        lesson(4, FORAGE, feedback="\x1b[31mred\x1b[0m\nand more"),
    )
    return tmp_path


def keep(home: Path, *events: Envelope) -> None:
    (home / "data" / "ledger").mkdir(parents=True)
    store(home / "data" / "ledger", events)


def said(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> Any:
    assert main(["lessons", "--home", str(home), *words]) == 0
    out = capsys.readouterr().out
    return json.loads(out) if "--json" in words else out


def test_programs_are_told_how_it_ended(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json: whether it was tried, and for each lesson its result, events and outcomes."""
    told = said(capsys, home, "lower", "the spawn rate", "--json")
    assert told["tried"] is True
    [first, *_] = told["lessons"]
    assert (first["result"], first["position"]) == (SPAWN[2], 3)
    assert first["from"] == [
        {"position": 1, "id": id_text(event_id(1)), "kind": "mutation.applied"}
    ]
    assert [each["kind"] for each in first["outcomes"]] == ["mutation.applied", "mutation.failed"]


def test_people_are_told_how_it_ended(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that says yes, then each lesson with what it came from and how that ended."""
    told = said(capsys, home, "the population doubled")
    assert told.startswith("tried before: 1 of 2 lessons (hashed-ngrams/1)")
    assert SPAWN[2] in told and id_text(event_id(3)) in told
    assert "2 mutation.failed guard; births fell; back to v1" in told


def test_nothing_alike(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is alike it says so."""
    told = said(capsys, home, "quaternion zeppelin")
    assert told == "not tried before: nothing alike in 2 lessons (hashed-ngrams/1)\n"


def test_newest_and_by_id(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without words the newest come first; an id gives that one lesson."""
    newest = said(capsys, home, "--json")["lessons"]
    assert [each["position"] for each in newest] == [4, 3]
    [only] = said(capsys, home, lesson_id(*SPAWN), "--json")["lessons"]
    assert only["position"] == 3
    assert len(said(capsys, home, "--limit", "1", "--json")["lessons"]) == 1


def test_text_does_not_steer_the_terminal(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in a lesson are shown as harmless text."""
    told = said(capsys, home)
    assert "\x1b" not in told and "[31mred [0m and more" in told
    assert clean("a\x9b\u202eb\0\tc") == "a b c"


def test_status(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says which model is in use, why, and what would better it."""
    told = said(capsys, home, "--status", "--json")
    assert (told["lessons"], told["newest"], told["upto"]) == (2, 4, 4)
    assert told["model"]["name"] == told["in_use"] == HASHED.name
    assert told["model"]["hint"] == "make memory"
    text = said(capsys, home, "--status")
    assert "no model in tests" in text and "hint: make memory" in text


def test_empty_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A ledger without lessons says what would fill it; a home without a ledger is 69."""
    assert main(["lessons", "--home", str(tmp_path)]) == 69
    assert "hint: " in capsys.readouterr().err
    keep(tmp_path, make(1))
    assert said(capsys, tmp_path).strip() == NONE_YET
    assert said(capsys, tmp_path, "food", "--json")["lessons"] == []
    assert NONE_YET in said(capsys, tmp_path, "--status")


@pytest.mark.parametrize("words", [["--limit", "0"], ["--limit", "x"], ["--limit", "101"], ["-q"]])
def test_wrong_words(home: Path, words: list[str]) -> None:
    """A limit that is none, or an unknown option, is a fault of usage."""
    assert main(["lessons", "--home", str(home), *words]) == 2


def test_nothing_is_written(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asking makes no file of lessons: only the archive writes it."""
    said(capsys, home, "food")
    assert not (home / "data" / "ledger" / "lessons.sqlite3").exists()
