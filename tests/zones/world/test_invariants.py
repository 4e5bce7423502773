"""What must hold in every tick: each check sees what it is for, however old the world is."""

import pytest

from Kernel.contract.arena import State
from tests.zones.world.worlds import make_world
from zones.world import columns
from zones.world.columns import Buffer, open_world
from zones.world.invariants import book_checks

OLD_TICK = 200_000
FLOWED_BY_THEN = 6.4e6


def age_books(buffer: Buffer) -> tuple[float, float]:
    """Set the books of a world OLD_TICK old; return the energy and the food that agree with it."""
    energy, food = 9_000.0, 3_000.0
    buffer.scalars[State.TICK >> 3] = OLD_TICK
    for offset, value in (
        (columns.ENERGY_FOUNDED, 15_000.0),
        (columns.FOOD_FOUNDED, 5_000.0),
        (columns.ENERGY_SEEDED, 0.0),
        (columns.GROWN, FLOWED_BY_THEN / 3),
        (columns.EATEN, FLOWED_BY_THEN / 3 + 5_000.0 - food),
        (columns.LOST, 100_000.0),
    ):
        buffer.reals[offset >> 3] = value
    spent = 15_000.0 + buffer.real(columns.EATEN) - 100_000.0 - energy
    buffer.reals[columns.SPENT >> 3] = spent
    return energy, food


@pytest.mark.parametrize("leak", [1.0, -1.0])
def test_a_small_leak_in_an_old_world_is_seen(leak: float) -> None:
    """One unit of energy too many or too few is seen after 200 000 ticks; rounding is not."""
    buffer = open_world(make_world()).committed
    energy, food = age_books(buffer)
    rounding = 0.003
    assert all(check.ok for check in book_checks(buffer, energy + rounding, food - rounding))
    leaked = book_checks(buffer, energy + leak, food)
    assert [check.name for check in leaked if not check.ok] == ["energy books"]
    leaked = book_checks(buffer, energy, food + leak)
    assert [check.name for check in leaked if not check.ok] == ["food books"]
    assert all(check.limit < 0.1 for check in leaked)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1e300])
def test_damaged_books_do_not_hold(value: float) -> None:
    """Books that are no number, or far below nothing, are not sound, and JSON can say them."""
    buffer = open_world(make_world()).committed
    buffer.reals[columns.GROWN >> 3] = value
    buffer.reals[columns.SPENT >> 3] = value
    checks = book_checks(buffer, 100.0, 100.0)
    assert not any(check.ok for check in checks)
    assert all(
        isinstance(check.fields()["limit"], float) and check.limit < 1e299 for check in checks
    )
