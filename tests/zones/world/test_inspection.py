"""Damage in an arena that opens is found once, before anybody lives in it; what is whole is not."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import HEADER_BYTES, ArenaWords, Header, State, check_arena
from tests.zones.world.worlds import copy_of, make_engine, make_world, run
from zones.world import columns
from zones.world.columns import open_world
from zones.world.inspection import find_damage, is_of_this_build


def living_world(ticks: int = 30) -> ArenaWords:
    """Return an arena at this tick, accepted as the kernel accepts one."""
    words = make_world(seed=4, entities=60, max_entities=90)
    run(words, ticks)
    check_arena(words, "test")
    return words


@pytest.mark.parametrize("ticks", [0, 1, 2, 301])
def test_sound_world_is_sound(ticks: int) -> None:
    """At any tick, freshly founded too, nothing is found."""
    words = living_world(ticks)
    assert find_damage(words) == "" and is_of_this_build(words)


@pytest.mark.parametrize("phases", range(1, 13))
def test_torn_attempt_at_the_next_tick_is_no_damage(phases: int) -> None:
    """A world killed in any phase of a tick that bears and buries is sound."""
    words = make_world(seed=4, entities=60, max_entities=90, birth_energy=1, birth_age=1)
    run(words, 20)

    class Killed(Exception):
        pass

    def stop_at(_phase: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    for _ in range(3):
        left = phases
        with pytest.raises(Killed):
            make_engine(words).run_phases(stop_at)
        check_arena(words, "test")
        assert find_damage(words) == ""
        run(words, 1)


def _schema(words: ArenaWords) -> None:
    words.put_bytes(HEADER_BYTES + 40, b"\0\0")


def _schema_number(words: ArenaWords) -> None:
    text = words.schema()
    words.put_bytes(HEADER_BYTES, text.replace(b'"capacity":90', b'"capacity":91', 1))


def _header_capacity(words: ArenaWords) -> None:
    words.put(Header.CAPACITY, 91)


def _not_a_number(words: ArenaWords) -> None:
    buffer = open_world(words).committed
    buffer.x[np.flatnonzero(buffer.state)[0]] = np.nan


def _column_of_zeros(words: ArenaWords) -> None:
    open_world(words).committed.id[:] = 0


def _population(words: ArenaWords) -> None:
    words.put_state(words.get(Header.COMMIT), State.POPULATION, 3)


def _food_grid(words: ArenaWords) -> None:
    words.put_state(words.get(Header.COMMIT), columns.GRID_COLS, 1 << 40)


def _other_buffer(words: ArenaWords) -> None:
    world = open_world(words)
    slot = np.flatnonzero(world.committed.state)[3]
    world.buffer(words.get(Header.COMMIT) + 1).dna[slot] = 0.123


def _parameter(words: ArenaWords) -> None:
    open_world(words).committed.parameters[4] = -1.0


HARM = [
    _schema, _schema_number, _header_capacity, _not_a_number, _column_of_zeros, _population,
    _food_grid, _other_buffer, _parameter,
]  # fmt: skip


@pytest.mark.parametrize("harm", HARM)
def test_damage_is_found_and_named(harm: Callable[[ArenaWords], None]) -> None:
    """Each sort of damage behind a sound header gives a sentence."""
    words = living_world()
    harm(words)
    check_arena(words, "the header is sound")
    assert find_damage(words)


def test_world_that_knew_of_failures_is_strange_not_damaged() -> None:
    """Setting it aside at each boot would cost its ticks and mend nothing."""
    words = living_world()
    words.put_state(30, State.CHECKS_FAILED, 2)
    _population(words)
    assert find_damage(words) == ""


def test_books_that_are_off_are_told_of_elsewhere() -> None:
    """A leak of energy is no reason to take a world's ticks away."""
    words = living_world()
    open_world(words).committed.reals[columns.EATEN >> 3] += 50.0
    assert find_damage(words) == ""


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_any_bytes_come_to_an_answer(data: st.DataObject) -> None:
    """Random bytes anywhere behind the header: an answer, never an exception."""
    words = copy_of(WORDS)
    check_arena(words, "test")
    size = len(words.memory)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(HEADER_BYTES, size - 4096))
        values = data.draw(st.binary(min_size=1, max_size=4096))
        words.put_bytes(place, values)
    assert isinstance(find_damage(words), str)


WORDS = living_world()
