"""The archive's table of lessons: vectors of a slow model come later, and anew when it changes."""

from collections.abc import Generator
from pathlib import Path

import apsw
import numpy as np
import pytest

from tests.zones.ledger.lesson_book import FORAGE, FUEL, SPAWN, Steps, fill, lesson, silent, store
from tests.zones.ledger.paper_ledger import PaperLedger
from zones.ledger import lesson_table
from zones.ledger.lesson_table import LessonTable
from zones.runtime.lessons import store as lessons
from zones.runtime.lessons.embeddings import HASHED, Choice
from zones.runtime.lessons.rows import FILE
from zones.runtime.lessons.vectors import Floats


class SlowModel:
    """A model of two steps: food or not, as its vector says."""

    dimensions = 4
    floor = 0.1
    near = 0.9
    is_quick = False

    def __init__(self, name: str = "slow/1") -> None:
        self.name = name
        self.embedded: list[str] = []

    def embed(self, text: str) -> Floats:
        self.embedded.append(text)
        vector = np.zeros(4, np.float32)
        vector[0 if "food" in text or "hungry" in text else 1] = 1.0
        return vector

    def embed_in_steps(self, text: str) -> Generator[None, None, Floats]:
        yield
        yield
        return self.embed(text)


def three() -> PaperLedger:
    return PaperLedger([lesson(1, FORAGE), lesson(2, SPAWN), lesson(3, FUEL)])


def models(folder: Path) -> dict[str, int]:
    db = apsw.Connection(str(folder / FILE), flags=apsw.SQLITE_OPEN_READONLY)
    found = dict(db.execute("SELECT model, count(*) FROM vector GROUP BY model"))
    db.close()
    return found


def test_slow_vectors_come_later(tmp_path: Path) -> None:
    """A lesson is there at once with its hashed vector; the other follows step by step."""
    choice = Choice(SlowModel(), "in tests")
    table = LessonTable(tmp_path, choice, silent, Steps())
    table.take([(1, lesson(1)), (2, lesson(2, SPAWN))])
    assert models(tmp_path) == {HASHED.name: 2}
    assert table.facts()["waiting"] == 2
    seen = []
    while table.go_on(0.0):
        seen.append(models(tmp_path).get("slow/1", 0))
    assert models(tmp_path) == {HASHED.name: 2, "slow/1": 2} and table.facts()["waiting"] == 0
    assert seen[:3] == [0, 0, 1], "one step at a time"
    table.close()


def test_many_at_once_are_embedded_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many lessons in a batch only some hold it up; the rest get their vectors afterwards."""
    monkeypatch.setattr(lesson_table, "AT_ONCE", 2)
    table = LessonTable(tmp_path, Choice(HASHED, "in tests"), silent, Steps())
    table.take(list(enumerate((lesson(1), lesson(2, SPAWN), lesson(3, FUEL)), start=1)))
    assert models(tmp_path) == {HASHED.name: 2}
    found = store(tmp_path, None).tried_before("one pass over neighbours")
    assert found.matches[0].similarity is not None
    while table.go_on(0.0):
        pass
    assert models(tmp_path) == {HASHED.name: 3}
    assert store(tmp_path, None).tried_before("one pass over neighbours") == found
    table.close()


def test_meaning_finds_what_words_do_not(tmp_path: Path) -> None:
    """With the model in use, a question that shares no word finds its lesson."""
    choice = Choice(SlowModel(), "in tests")
    fill(tmp_path, three(), choice).close()
    tried = store(tmp_path, None, choice).tried_before("hungry")
    assert [each.lesson.situation for each in tried.matches] == [FORAGE[0]]
    assert tried.is_known and tried.model == "slow/1" and tried.matches[0].found_by == ("meaning",)


def test_another_model_embeds_anew(tmp_path: Path) -> None:
    """Vectors of a model that is no longer in use go, and all are made anew from the text."""
    fill(tmp_path, three(), Choice(SlowModel(), "in tests")).close()
    assert models(tmp_path)["slow/1"] == 3
    newer = SlowModel("slow/2")
    fill(tmp_path, three(), Choice(newer, "in tests")).close()
    assert models(tmp_path) == {HASHED.name: 3, "slow/2": 3} and len(newer.embedded) == 3
    fill(tmp_path, three()).close()
    assert models(tmp_path) == {HASHED.name: 3}


def test_reader_makes_the_few_that_are_missing(tmp_path: Path) -> None:
    """What the archive has not embedded yet, the reader does, as long as it is little."""
    fill(tmp_path, three()).close()
    model = SlowModel()
    reader = store(tmp_path, None, Choice(model, "in tests"))
    assert reader.tried_before("hungry").model == "slow/1"
    assert len(model.embedded) == 4
    assert reader.status()["model"]["waiting"] == 3


def test_hashed_while_many_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While many vectors are missing the hashed ones are in use, and the state says so."""
    monkeypatch.setattr(lessons, "EMBEDDED_MAX", 2)
    fill(tmp_path, three()).close()
    model = SlowModel()
    reader = store(tmp_path, None, Choice(model, "in tests"))
    tried = reader.tried_before("nearest food")
    assert tried.model == HASHED.name and model.embedded == []
    assert "3 lessons have no vector of slow/1 yet" in tried.notes[0]
    assert reader.status()["in_use"] == HASHED.name


def test_vector_of_zeros_or_not_a_number(tmp_path: Path) -> None:
    """A damaged vector hurts the place of its lesson and nothing else."""
    fill(tmp_path, three()).close()
    db = apsw.Connection(str(tmp_path / FILE))
    nan = np.full(HASHED.dimensions, np.nan, "<f4").tobytes()
    db.execute("UPDATE vector SET vector = ? WHERE position = 1", (nan,))
    db.execute("UPDATE vector SET vector = x'00' WHERE position = 2")
    db.close()
    tried = store(tmp_path, None).tried_before("lower the resource spawn rate")
    assert tried.matches[0].lesson.situation == SPAWN[0]
