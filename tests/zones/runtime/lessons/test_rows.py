"""Rows of lessons follow from the events alone, in whatever portions these were taken."""

from itertools import pairwise
from typing import Any

import apsw
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.envelope import Envelope
from tests.zones.ledger.lesson_book import FORAGE, FUEL, SPAWN, lesson
from tests.zones.ledger.paper_ledger import make
from zones.runtime.lessons.rows import SCHEMA, write_rows

MUTATION = {"mutation_id": "m1", "trait_name": "forage", "version": 1}
EVENTS = st.sampled_from(
    [
        ("telemetry", {}),
        ("mutation.applied", MUTATION),
        ("mutation.failed", {"mutation_id": 7}),
        ("agent.changed_state", {"rolls_back": "m1", "target_resource": "a.py"}),
        ("lesson.learned", {"lesson_id": ""}),
        FORAGE,
        SPAWN,
        FUEL,
    ]
)


def event(number: int, what: tuple[Any, ...]) -> Envelope:
    if len(what) == 3:
        return lesson(number, what)
    kind, payload = what
    return make(number, kind, payload=payload)


def tables(portions: list[list[tuple[int, Envelope]]]) -> list[Any]:
    db = apsw.Connection(":memory:")
    for statement in SCHEMA:
        db.execute(statement)
    for rows in portions:
        write_rows(db, rows)
    names = ("lesson", "vector", "outcome", "tally")
    found: list[Any] = [list(db.execute(f"SELECT * FROM {name} ORDER BY 1, 2")) for name in names]
    asked = "SELECT rowid, rank FROM lesson_text WHERE lesson_text MATCH 'rate OR food'"
    found.append(list(db.execute(f"{asked} ORDER BY rank, rowid")))
    # Words that belong to no row any more would make this fail.
    db.execute("INSERT INTO lesson_text (lesson_text, rank) VALUES ('integrity-check', 1)")
    return found


@given(st.lists(EVENTS, max_size=12), st.sets(st.integers(0, 12), max_size=4))
@settings(max_examples=20, deadline=None)
def test_portions_do_not_matter(events: list[tuple[Any, ...]], cuts: set[int]) -> None:
    """All at once or one by one: the same rows, and an index that fits them."""
    rows = [(number, event(number, what)) for number, what in enumerate(events, start=1)]
    ends = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    portions = [rows[first:last] for first, last in pairwise(ends)]
    assert tables(portions) == tables([rows])
