"""All derived tables as one chore: one that fails is said and tried again, the others go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.errors import LedgerError
from tests.zones.ledger.lesson_book import lesson, silent
from tests.zones.ledger.paper_ledger import PaperLedger, make
from zones.ledger import derived
from zones.ledger.derived_tables import DerivedTables
from zones.ledger.index import Index
from zones.ledger.lesson_table import LessonTable
from zones.runtime.lessons.embeddings import HASHED, Choice


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Stage:
    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.log = PaperLedger([make(1), lesson(2)])
        self.told: list[tuple[str, str]] = []
        self.refused = ""
        self.choice = Choice(HASHED, "in tests")
        openers: dict[str, Callable[[], Any]] = {
            "index": lambda: Index(folder, silent),
            "lessons": lambda: self.open_lessons(folder),
        }
        self.tables = DerivedTables(openers, lambda: self.log, self.clock, self.tell)

    def open_lessons(self, folder: Path) -> LessonTable:
        if self.refused:
            raise LedgerError(self.refused, "df -h")
        return LessonTable(folder, self.choice, silent, self.clock)

    def tell(self, event: str, *, what: str, why: str) -> None:
        self.told.append((event, what))

    def settle(self) -> dict[str, Any]:
        for _ in range(20):
            if not self.tables.step(1.0):
                break
        return self.tables.facts()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_all_are_brought_up(stage: Stage) -> None:
    """Every table reaches the end of the log, and says what it holds."""
    facts = stage.settle()
    assert facts["index"] == {"behind": 0}
    assert facts["lessons"]["behind"] == 0 and facts["lessons"]["lessons"] == 1
    assert facts["lessons"]["model"]["name"] == HASHED.name
    assert stage.tables.degraded() == ()
    stage.log.add(make(3))
    assert stage.tables.facts()["index"] == {"behind": 1}
    stage.tables.close()


def test_one_that_cannot_be_opened(stage: Stage) -> None:
    """It is said once, is degraded with what helps, and comes when it can; others do not wait."""
    stage.refused = "cannot open it: disk full"
    assert list(stage.settle()) == ["index"]
    [degraded] = stage.tables.degraded()
    assert (degraded.what, degraded.hint) == ("archive.derived lessons", "df -h")
    stage.clock.now_s += 60
    stage.settle()
    assert stage.told == [("archive.derived_waits", "lessons")]
    stage.refused = ""
    stage.clock.now_s += 60
    facts = stage.settle()
    assert facts["lessons"]["behind"] == facts["index"]["behind"] == 0
    assert stage.tables.degraded() == ()


def test_one_that_cannot_be_written(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays behind, is degraded while it does, and catches up."""

    def refuse(*_words: object) -> None:
        raise LedgerError("cannot write it: disk full")

    stage.settle()
    stage.log.add(make(3))
    with monkeypatch.context() as patch:
        patch.setattr(LessonTable, "take", refuse)
        assert stage.settle()["lessons"]["behind"] == 1
        assert [each.what for each in stage.tables.degraded()] == ["archive.derived lessons"]
    stage.clock.now_s += 2 * derived.RETRY_S
    assert stage.settle()["lessons"]["behind"] == 0 and stage.tables.degraded() == ()


def test_model_that_cannot_be_used(stage: Stage) -> None:
    """A sentence model that is installed and broken is a degraded state with what mends it."""
    stage.choice = Choice(HASHED, "the weights are damaged", "make memory", is_degraded=True)
    stage.settle()
    [degraded] = stage.tables.degraded()
    assert degraded.what == "archive.lessons" and degraded.hint == "make memory"
    assert degraded.why == "cannot compare lessons by meaning: the weights are damaged"
