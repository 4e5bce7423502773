"""The world hash: everything that decides a later tick is in, nothing else is."""

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header, State
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import living, make_world, run
from zones.world.columns import ALIVE, COLUMNS, PRIVATE, open_world
from zones.world.world_hash import world_hash

DECIDING = [
    column.name
    for column in COLUMNS
    if column.name not in ("touched", *PRIVATE) and column.rows != "log"
]


def busy() -> ArenaWords:
    """Return a world in which some slots are free."""
    words = make_world(seed=4, **BUSY)
    run(words, 60)
    return words


@pytest.mark.parametrize("column", DECIDING)
def test_every_column_of_the_living_is_in(column: str) -> None:
    """One changed bit in any column of a living slot, or of a place, changes the hash."""
    words = busy()
    before = world_hash(words)
    buffer = open_world(words).committed
    values = getattr(buffer, column)
    row = 3 if column.startswith(("resource", "ground")) else living(buffer)[3]
    np.atleast_2d(values.T)[0, row : row + 1].view(np.uint8)[0] ^= 2
    assert world_hash(words) != before


@pytest.mark.parametrize(
    "offset",
    [
        State.TICK,
        State.NEXT_ID,
        State.BIRTHS,
        State.DEATH_AGE,
        State.DEATH_STARVATION,
        State.DEATH_COLLISION,
        State.SEEDED,
        State.FUEL_CURSOR,
        State.PARAMETERS,
    ],
)
def test_state_that_decides_is_in(offset: int) -> None:
    """Tick, counters, next id and parameters are in."""
    words = busy()
    before = world_hash(words)
    words.put_state(60, offset, words.state(60, offset) ^ 1)
    assert world_hash(words) != before


@pytest.mark.parametrize(
    "offset",
    [
        State.INBOX_CURSOR,
        State.INBOX_OFFSET,
        State.OUTBOX_NEXT,
        State.OUTBOX_HEAD,
        State.HOLD_AFTER,
        State.EVENTS_THINNED,
        State.APPLIED_AT,
    ],
)
def test_cursors_and_hold_are_not_in(offset: int) -> None:
    """Cursors of the rings and the hold flag are not in."""
    words = busy()
    before = world_hash(words)
    words.put_state(60, offset, words.state(60, offset) ^ 1)
    assert world_hash(words) == before


def test_free_slots_and_the_other_buffer_are_not_in() -> None:
    """What is left behind in free slots, in the other buffer and in the rings is not in."""
    words = busy()
    before = world_hash(words)
    world = open_world(words)
    free = np.flatnonzero(world.committed.state != ALIVE)
    assert len(free) > 0
    world.committed.energy[free] = 77
    world.committed.id[free] = 77
    world.buffer(61).whole[:] = 77
    words.inbox()[:8] = b"\1" * 8
    words.put(Header.EPOCH, 9)
    words.put(Header.COMMIT_NS, 9)
    assert world_hash(words) == before


def test_which_slot_is_in() -> None:
    """The same Molbot in another slot is another world: slot order is state."""
    words = busy()
    before = world_hash(words)
    buffer = open_world(words).committed
    alive = living(buffer)
    first, second = alive[0], alive[1]
    for column in COLUMNS:
        if column.rows == "entity" and column.name != "touched":
            values = getattr(buffer, column.name)
            values[[first, second]] = values[[second, first]]
    assert world_hash(words) != before
