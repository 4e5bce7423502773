"""The phase of traits: the same bits whoever computes it, and counted as it was run."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.inputs import TraitFacts
from tests.zones.world.fake_traits import (
    ALL_OF_THEM,
    CLUMSY,
    HUNGRY,
    RESTLESS,
    add,
    engine_with,
    facts,
    library,
    loaded,
    restless,
)
from tests.zones.world.test_engine import BUSY
from tests.zones.world.test_rerun import Killed, spoil
from tests.zones.world.worlds import check_invariants, copy_of, living, make_world, run
from zones.traits.scene import Scene
from zones.world import columns
from zones.world import engine as engine_module
from zones.world.columns import open_world
from zones.world.engine import Engine
from zones.world.invariants import cold_check
from zones.world.registry import read_entries
from zones.world.trait_library import TraitLibrary
from zones.world.warm import WARM, Warmth
from zones.world.world_hash import world_hash


def start(ticks: int = 30, **more: Any) -> ArenaWords:
    """Return a busy world in which three traits have run for some ticks."""
    words = make_world(seed=8, **{**BUSY, **more})
    for given in ALL_OF_THEM:
        add(words, given)
    engine = engine_with(words)
    for _ in range(ticks):
        engine.tick()
    return words


def go_on(words: ArenaWords, ticks: int, **more: Any) -> bytes:
    """Return the hash after some more ticks of an engine that tells nothing of its own."""
    engine = engine_with(words, is_heir=False, **more)
    for _ in range(ticks):
        engine.tick()
    return world_hash(words)


@pytest.mark.parametrize("phase", range(len(engine_module._PHASES)))
def test_killed_after_each_phase(phase: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after any phase, with traits that write all they can, the world is the same."""

    def die(_engine: Engine, _tick: object) -> None:
        raise Killed

    words = start(12)
    untouched = copy_of(words)
    phases = (*engine_module._PHASES[: phase + 1], ("die", die))
    for _ in range(4):
        with monkeypatch.context() as patch:
            patch.setattr(engine_module, "_PHASES", phases)
            with pytest.raises(Killed):
                engine_with(words, is_heir=False).tick()
        go_on(words, 1)
    go_on(untouched, 4)
    assert world_hash(words) == world_hash(untouched)
    assert go_on(words, 8) == go_on(untouched, 8)


@pytest.mark.parametrize("victim", [RESTLESS, HUNGRY, CLUMSY])
def test_killed_inside_a_trait(victim: TraitFacts) -> None:
    """Killed while a trait writes, half of its carriers done, the world is the one never killed."""

    def die_half_way(scene: Scene, who: Any) -> None:
        restless(scene, who[: len(who) // 2])
        raise Killed

    words = start(12)
    untouched = copy_of(words)
    writes = frozenset({"color", "state", "radius", "max_energy"})
    # What the world is told that a trait writes, it writes: all of it, wherever its memory is.
    deadly = loaded(replace(victim, moods=("restless",)), die_half_way, writes=writes)
    traits = TraitLibrary([deadly]).joined(library())
    for _ in range(3):
        with pytest.raises(Killed):
            engine_with(words, traits, is_heir=False).tick()
        assert words.get(Header.FLIGHT) >> 16 == ALL_OF_THEM.index(victim) + 1
        go_on(words, 1)
    go_on(untouched, 3)
    assert world_hash(words) == world_hash(untouched)
    assert go_on(words, 8) == go_on(untouched, 8)


@pytest.mark.parametrize("seed", range(6))
def test_noise_where_the_buffers_may_differ(seed: int) -> None:
    """Whatever an attempt has left where the header says so, and in free slots, is overwritten."""
    words = start(12 + seed)
    clean = copy_of(words)
    spoil(words, np.random.default_rng(seed))
    tick = words.get(Header.COMMIT)
    world = open_world(words)
    new, rng = world.buffer(tick + 1), np.random.default_rng(seed)
    warmth = Warmth(words)
    warmth.touch(WARM)
    warmth.touch_memory(0b11)
    warmth.touch_faults(0b1110)
    for name in WARM:
        column = getattr(new, name)
        column[:] = rng.integers(0, 256, column.nbytes, np.uint8).view(column.dtype)
    new.trait_memory.T[:2] = rng.integers(-9, 9, (2, world.capacity))
    new.trait_faults.T[1:4] = 200
    assert go_on(words, 1) == go_on(clean, 1)
    assert go_on(words, 8) == go_on(clean, 8)


@pytest.mark.parametrize("given", [RESTLESS, facts("Restless", 2, memory=1, state="carried")])
def test_rerun_with_other_inputs(given: Any) -> None:
    """A whole attempt that brought a trait in, thrown away, leaves no trace in any column."""
    words = make_world(seed=8, **BUSY)
    add(words, HUNGRY)
    go_on(words, 9)
    clean = copy_of(words)
    for _ in range(3):
        tick = words.get(Header.COMMIT)
        head, following = words.get(Header.INBOX_HEAD), words.get(Header.INBOX_NEXT)
        add(words, given)
        go_on(words, 1)
        words.put(Header.COMMIT, tick)
        words.put(Header.INBOX_HEAD, head)
        words.put(Header.INBOX_NEXT, following)
        go_on(words, 1)
    go_on(clean, 3)
    assert world_hash(words) == world_hash(clean)
    for each in (words, clean):
        add(each, RESTLESS)
    assert go_on(words, 6) == go_on(clean, 6)


def test_threads_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread, two and the plain form of every phase give the same bits."""
    hashes = {go_on(start(0), 25)}
    monkeypatch.setattr(engine_module, "PARALLEL_FROM", 1)
    monkeypatch.setattr(engine_module, "PARALLEL_LIGHT_FROM", 1)
    hashes |= {go_on(start(0), 25, threads=threads) for threads in (1, 2)}
    assert len(hashes) == 1


def test_invariants_hold_in_every_tick() -> None:
    """Books, bounds and both buffers agree while traits write everything they may."""
    words = start(0)
    engine = engine_with(words)
    for tick in range(1, 90):
        engine.tick()
        check_invariants(engine.world, tick)
        assert cold_check(engine.world, tick).ok
    assert words.state(89, State.BIRTHS) > 30
    buffer = engine.world.committed
    assert buffer.real(columns.EATEN) > 0
    totals = {entry.name: entry for entry in read_entries(buffer)}
    assert totals["Restless"].fuel == 3 * totals["Restless"].calls > 0
    assert totals["Clumsy"].faults > 0


def test_many_faults_switch_a_trait_off() -> None:
    """In one who has too many faults of a trait it does not run any more, and only there."""
    words = start(0, trait_faults_max=3)
    engine = engine_with(words)
    for _ in range(6):
        engine.tick()
    buffer = engine.world.committed
    alive = living(buffer)
    slot = next(entry.slot for entry in read_entries(buffer) if entry.name == CLUMSY.name)
    lived = alive[buffer.born_at[alive] <= 0]
    faults = buffer.trait_faults[lived, slot]
    clumsy = buffer.id[lived] % 7 == 0
    assert set(faults[clumsy]) == {3} and not faults[~clumsy].any()
    off = buffer.deactivated_bits[lived] != 0
    assert np.array_equal(off, clumsy)
    assert np.all(buffer.deactivated_bits[lived][off] == np.uint64(1 << slot))


def test_flight_word_names_the_trait_that_runs() -> None:
    """While a trait runs the flight word holds its slot, so that a death there is known as its."""
    seen: list[int] = []
    words = make_world(**BUSY)
    looking = loaded(HUNGRY, lambda _scene, _who: seen.append(words.get(Header.FLIGHT)))
    add(words, HUNGRY)
    engine_with(words, TraitLibrary([looking])).tick()
    assert seen == [engine_module.PHASES.index("traits") | 1 << 16]
    assert words.get(Header.FLIGHT) == 0


def test_newborns_carry_what_is_active() -> None:
    """Whoever is born has the bits of all active traits, no fault, no mood, and begins anew."""
    words = start(60)
    engine = engine_with(words, is_heir=False)
    newborn = np.zeros(0, np.int64)
    while not len(newborn):
        tick = engine.tick()
        buffer = open_world(words).committed
        newborn = living(buffer)[buffer.born_at[living(buffer)] == tick]
    assert np.all(buffer.trait_bits[newborn] == np.uint64(0b1110))
    for name in ("deactivated_bits", "ready", "mood", "last_fuel"):
        assert not getattr(buffer, name)[newborn].any(), name
    assert not buffer.trait_faults[newborn].any() and not buffer.trait_memory[newborn, :2].any()


def test_without_traits_nothing_runs() -> None:
    """A world that no trait was brought into has no carrier and wants no index of the crowd."""
    words = make_world(seed=8, **{**BUSY, "body_radius": 0.0})
    engine = run(words, 3)
    assert engine.world.committed.trait_bits.max() == 0
    assert words.get(Header.WARM) == 0
