"""Lessons for tests, and a store over a paper ledger that holds them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from Kernel.contract.envelope import Envelope
from tests.zones.ledger.paper_ledger import PaperLedger, make
from zones.ledger.derived import Deriver
from zones.ledger.lesson_table import LessonTable
from zones.runtime.lessons.embeddings import HASHED, Choice
from zones.runtime.lessons.lesson import KIND, lesson_id
from zones.runtime.lessons.store import LessonsStore

HASHED_CHOICE = Choice(HASHED, "in tests")

FORAGE = (
    "Starvation rose above 0.3 after the resource spawn rate was lowered",
    "add a trait that moves towards the nearest food",
    "kept: starvation fell to 0.1",
)
SPAWN = (
    "Population doubled within 600 ticks",
    "lower the resource spawn rate to 0.03",
    "rolled back: starvation rose above 0.3",
)
FUEL = (
    "Trial of trait_flee_v2 ran out of fuel",
    "replace the nested loop over neighbours by one pass",
    "kept: a third of the fuel",
)
TAGS = {FORAGE: ["forage"], SPAWN: ["overpopulation", "params"], FUEL: ["trial"]}


def lesson(number: int, texts: tuple[str, str, str] = FORAGE, **fields: Any) -> Envelope:
    """Return the event of a lesson; further fields are those of its payload."""
    situation, action, result = texts
    payload = {
        "lesson_id": lesson_id(situation, action, result),
        "situation": situation,
        "action": action,
        "result": result,
        "feedback": "",
        "tags": TAGS.get(texts, []),
    } | fields
    return make(number, KIND, payload=payload)


def silent(_event: str, **_values: Any) -> None:
    """Tell nobody."""


class Steps:
    """A clock that goes on by a millisecond at each look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 0.001
        return self.now_s


def fill(
    folder: Path,
    log: PaperLedger,
    choice: Choice = HASHED_CHOICE,
    tell: Callable[..., None] = silent,
) -> LessonTable:
    """Return the archive's table, brought up to the end of a log."""
    folder.mkdir(parents=True, exist_ok=True)
    table = LessonTable(folder, choice, tell, Steps())
    deriver = Deriver(log, [table], Steps(), tell)
    while deriver.step(1.0):
        pass
    return table


def store(folder: Path, log: PaperLedger | None, choice: Choice = HASHED_CHOICE) -> LessonsStore:
    """Return a store that reads."""
    return LessonsStore(folder, choice, log)
