"""A program asks a home whether something was tried before."""

from pathlib import Path

import pytest

from Kernel.contract.errors import NoLedger
from tests.zones.ledger.lesson_book import FORAGE, SPAWN, lesson
from tests.zones.ledger.real_ledger import store
from zones.client.lessons import tried_before
from zones.runtime.lessons.embeddings import HASHED, Choice


def test_tried_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest lesson is told with how it ended; a home without a ledger has none."""
    choice = Choice(HASHED, "in tests")
    monkeypatch.setattr("zones.client.lessons.choose_embedding", lambda: choice)
    with pytest.raises(NoLedger):
        tried_before(tmp_path, "food")
    (tmp_path / "data" / "ledger").mkdir(parents=True)
    store(tmp_path / "data" / "ledger", [lesson(1, FORAGE), lesson(2, SPAWN)])
    tried = tried_before(str(tmp_path), "population doubled", limit=1)
    assert [match.lesson.result for match in tried.matches] == [SPAWN[2]] and tried.is_known
