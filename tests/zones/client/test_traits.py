"""What Python sees of traits: what the slots hold, and who carries which."""

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.errors import UsageError
from Kernel.contract.places import arena_name
from tests.zones.client.paper_world import PaperWorld
from tests.zones.world.fake_traits import HUNGRY, add, engine_with
from tests.zones.world.worlds import make_world
from zones.client import open_home
from zones.client.home import Home


def put_world(home, words: ArenaWords) -> Home:
    """Let a home have this very world, and open it."""
    folder = home / "data" / "arenas"
    folder.mkdir(parents=True)
    (folder / arena_name("stable")).write_bytes(words.memory)
    return open_home(home)


@pytest.mark.slow
def test_slots_and_carriers_of_a_real_world(home):
    """Name, version, status, counts by slot; everybody carries what came in for all of them."""
    words = make_world(seed=8)
    add(words, HUNGRY)
    engine = engine_with(words)
    for _ in range(3):
        engine.tick()
    frame = put_world(home, words).read(["trait_bits", "energy"])
    (trait,) = frame.traits
    assert (trait.name, trait.version, trait.status) == (HUNGRY.name, HUNGRY.version, "active")
    assert (trait.tier, trait.state) == (HUNGRY.tier, HUNGRY.state)
    assert trait.since_tick == 1 and trait.calls > 0 and trait.bit == 1 << trait.slot
    carried = frame.carriers(HUNGRY.name)
    assert carried.dtype == np.bool_ and carried.shape == frame.molbots.energy.shape
    assert carried.all() and len(carried) == words.state(words.get(Header.COMMIT), State.POPULATION)


@pytest.mark.slow
def test_what_cannot_be_told_is_said(home):
    """No such trait, and a read without the column that tells who carries what."""
    words = make_world(seed=8)
    add(words, HUNGRY)
    engine_with(words).tick()
    opened = put_world(home, words)
    with pytest.raises(UsageError, match=f"cannot find trait 'Nobody': there are {HUNGRY.name}"):
        opened.read().carriers("Nobody")
    with pytest.raises(UsageError, match="'trait_bits' was not read"):
        opened.read(["x"]).carriers(HUNGRY.name)


def test_a_world_of_a_build_without_traits_has_none(home):
    """Its arena has no registry: no traits, and everything else as ever."""
    PaperWorld(home / "data" / "arenas").commit(living=2)
    frame = open_home(home).read()
    assert frame.traits == () and len(frame.molbots.energy) == 2
