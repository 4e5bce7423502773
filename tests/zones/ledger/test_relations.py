"""Relations are told by events alone: made again from the log they are the same rows."""

from pathlib import Path

import pytest

from Kernel.contract.envelope import id_text
from tests.zones.ledger.paper_ledger import event_id
from tests.zones.ledger.real_ledger import derive, index, no_news, search, store
from tests.zones.ledger.society import SOCIETY
from zones.ledger.relations import FILE, RELATIONS, Relation, RelationFinder, Relations
from zones.runtime.ledger_search import Query

WANTED = [
    (1, "triggered", "feed the hungry", "architect-1"),
    (2, "triggered", "feed the hungry", "architect-1"),
    (3, "talked_to", "architect-1", "coder-1"),
    (4, "talked_to", "coder-1", "architect-1"),
    (5, "talked_to", "coder-1", "coder-2"),
    (6, "talked_to", "architect-1", "coder-1"),
    (7, "triggered", "feed the hungry", "coder-1"),
    (8, "depends_on", "mutations/forage.py", "traits/eat.py"),
    (8, "modified", "coder-1", "mutations/forage.py"),
    (9, "modified", "coder-1", "config/world.yaml"),
    (11, "depends_on", "notes.md", "a.md"),
    (11, "depends_on", "notes.md", "b.md"),
    (11, "modified", "coder-2", "notes.md"),
    (12, "rolled_back", id_text(event_id(12)), "M-0143"),
    (14, "modified", "patcher", "config/world.yaml"),
    (14, "rolled_back", id_text(event_id(14)), id_text(event_id(9))),
    (15, "rolled_back", id_text(event_id(15)), id_text(event_id(11))),
]


def rows(folder: Path) -> list[Relation]:
    return RelationFinder(folder, search(folder)).find()


@pytest.fixture(params=[0, 9, len(SOCIETY)])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A ledger of which so many events are in the tables."""
    taken: int = request.param
    if taken:
        store(tmp_path, SOCIETY[:taken])
        table = Relations(tmp_path, no_news)
        derive(tmp_path, table)
        assert table.upto == taken
        table.close()
        index(tmp_path)
    store(tmp_path, SOCIETY[taken:])
    return tmp_path


def test_every_relation_is_told(folder: Path) -> None:
    """Whatever part is in the tables and whatever must be read, the relations are the same."""
    assert sorted(each[:4] for each in rows(folder)) == WANTED


def test_a_rebuild_gives_the_same_rows(folder: Path) -> None:
    """Emptied and filled again, and in a new file, they are equal in every column."""
    before = sorted(rows(folder))
    table = Relations(folder, no_news)
    table.rebuild()
    assert table.upto == 0
    derive(folder, table)
    assert table.upto == len(SOCIETY)
    table.close()
    assert sorted(rows(folder)) == before
    (folder / FILE).unlink()
    table = Relations(folder, no_news)
    derive(folder, table)
    table.close()
    assert sorted(rows(folder)) == before


def test_relations_of_a_thing(folder: Path) -> None:
    """By source, target or subject; by name; in a span."""
    finder = RelationFinder(folder, search(folder))
    assert [each.position for each in finder.find(thing="M-0143")] == [8, 8, 12]
    assert [each.position for each in finder.find(("modified",), "config/world.yaml")] == [9, 14]
    assert [each.position for each in finder.find(thing="weather")] == [6]
    assert finder.find((), "weather") == []
    spanned = finder.find(RELATIONS, None, Query(tick_from=5, tick_to=8))
    assert {each.position for each in spanned} == {5, 6, 7, 8}


def test_damaged_tables_are_passed_by(folder: Path) -> None:
    """Garbage in the file: the log is read, and the answer is the same."""
    path = folder / FILE
    if path.exists():
        data = bytearray(path.read_bytes())
        data[8192:] = b"\xa5" * len(data[8192:])
        path.write_bytes(data)
    assert sorted(each[:4] for each in rows(folder)) == WANTED


def test_as_programs_read_it(folder: Path) -> None:
    """Each has its names, its event, and whose act it was."""
    told = RelationFinder(folder, search(folder)).find(("depends_on",))[0].fields()
    assert told == {
        "relation": "depends_on", "from": "mutations/forage.py", "to": "traits/eat.py",
        "about": "M-0143", "role": "coder", "position": 8, "id": id_text(event_id(8)),
    }  # fmt: skip
