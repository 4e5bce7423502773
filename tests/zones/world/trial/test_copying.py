"""The worlds a trial begins with: seeds, multiples, and where there is no world."""

from pathlib import Path

import numpy as np
import pytest

from Kernel.contract.arena import State
from tests.zones.world.trial.stage import image
from tests.zones.world.worlds import make_engine
from zones.world.columns import ALIVE, open_world
from zones.world.invariants import all_checks
from zones.world.trial import copying
from zones.world.trial.copying import TooLarge, copy_world, found_copy, multiplied, with_seed


def opened(copied):
    """Return a copy as a world."""
    memory = memoryview(bytearray(copied.buffers().file_bytes))
    return open_world(found_copy(memory, copied))


def test_the_first_pair_has_the_seed_of_the_world():
    """Every other one has its own, always the same; the world is the same in all."""
    live = image()
    seeds = [with_seed(live, pair).seed for pair in range(5)]
    assert seeds[0] == live.seed and len(set(seeds)) == 5
    assert seeds == [with_seed(live, pair).seed for pair in range(5)]
    assert with_seed(live, 3).buffer is live.buffer


@pytest.mark.parametrize("factor", [2, 3])
def test_a_multiplied_world_is_sound(factor):
    """Books, census, ids: every invariant holds, and goes on to hold."""
    world = opened(multiplied(image(), factor))
    tick, population = image().tick, opened(image()).committed.scalar(State.POPULATION)
    assert [check for check in all_checks(world, tick) if not check.ok] == []
    buffer = world.committed
    assert buffer.scalar(State.POPULATION) == factor * population
    assert len(np.unique(buffer.id[buffer.state == ALIVE])) == factor * population
    engine = make_engine(world.words)
    for _ in range(50):
        engine.tick()
    assert [check for check in all_checks(world, tick + 50) if not check.ok] == []


def test_multiplying_is_always_the_same():
    """Two runs of a pair begin with equal bytes."""
    assert multiplied(image(), 2).buffer == multiplied(image(), 2).buffer


def test_what_is_too_large_is_refused(monkeypatch):
    """With both numbers."""
    monkeypatch.setattr(copying, "SLOTS_MAX", 500)
    with pytest.raises(TooLarge, match="cannot try a trait on 2 times the world: 800 slots"):
        multiplied(image(), 2)


def test_without_a_world_a_small_one_is_founded_and_that_is_said():
    """It is no secret that the trait was tried elsewhere."""
    copied, why = copy_world(Path("/nowhere"), "stable")
    assert copied.tick == 0 and "cannot find an arena" in why


def test_a_mapped_world_is_copied_as_it_is():
    """Nothing is said then."""
    words = opened(image()).words
    copied, why = copy_world(Path("/nowhere"), "stable", words)
    assert (copied.tick, why) == (image().tick, "") and copied.buffer == image().buffer
