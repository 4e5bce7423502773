"""A tick that was begun and never committed leaves no trace: the next attempt finds A alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.inputs import SET_PARAM, Input
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import copy_of, make_engine, make_world, read_events, run, send
from zones.world import engine as engine_module
from zones.world.columns import ALIVE, COLD, COLUMNS, open_world
from zones.world.engine import Engine
from zones.world.world_hash import world_hash


class Killed(Exception):
    """Stands for SIGKILL: nothing after it is executed."""


def start(ticks: int) -> ArenaWords:
    """Return a busy world that has run for some ticks."""
    words = make_world(seed=8, **BUSY)
    run(words, ticks)
    return words


def after(words: ArenaWords, ticks: int) -> bytes:
    """Return the hash after some more ticks with a fresh engine, as an heir has it."""
    run(words, ticks)
    return world_hash(words)


def kill_in_phase(words: ArenaWords, phase: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the next tick up to the end of phase number `phase` and stop there."""

    def die(_engine: Engine, _tick: object) -> None:
        raise Killed

    phases = (*engine_module._PHASES[: phase + 1], ("die", die))
    with monkeypatch.context() as patch:
        patch.setattr(engine_module, "_PHASES", phases)
        with pytest.raises(Killed):
            make_engine(words).tick()


@pytest.mark.parametrize("phase", range(len(engine_module._PHASES)))
def test_killed_after_each_phase(phase: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after any phase of any of ten ticks, the world is the one never killed."""
    words = start(40)
    untouched = copy_of(words)
    for _ in range(10):
        kill_in_phase(words, phase, monkeypatch)
        run(words, 1)
    run(untouched, 10)
    assert world_hash(words) == world_hash(untouched)
    assert after(words, 60) == after(untouched, 60)


def test_rerun_with_other_inputs() -> None:
    """A whole attempt with an input that the next attempt does not have leaves no trace."""
    words = start(40)
    clean = copy_of(words)
    for _ in range(20):
        tick = words.get(Header.COMMIT)
        head, following = words.get(Header.INBOX_HEAD), words.get(Header.INBOX_NEXT)
        send(words, Input(SET_PARAM, param="birth_energy", value=10.0))
        send(words, Input(SET_PARAM, param="age_max", value=20.0))
        make_engine(words).tick()
        words.put(Header.COMMIT, tick)
        words.put(Header.INBOX_HEAD, head)
        words.put(Header.INBOX_NEXT, following)
        run(words, 1)
    run(clean, 20)
    assert world_hash(words) == world_hash(clean)
    assert after(words, 80) == after(clean, 80)
    assert read_events(words) == read_events(clean)


def test_input_that_came_after_the_first_attempt() -> None:
    """An attempt without an input, then one with it, is the world that had it from the start."""
    words = start(40)
    clean = copy_of(words)
    for number in range(12):
        tick = words.get(Header.COMMIT)
        make_engine(words).tick()
        words.put(Header.COMMIT, tick)
        for each in (words, clean):
            send(each, Input(SET_PARAM, param="birth_energy", value=20.0 + number))
            run(each, 1)
    assert world_hash(words) == world_hash(clean)
    assert after(words, 60) == after(clean, 60)
    assert read_events(words) == read_events(clean)


@pytest.mark.slow
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), ticks=st.integers(30, 34))
def test_garbage_in_the_other_buffer(seed: int, ticks: int) -> None:
    """Whatever a first attempt may have left in buffer B, the next attempt overwrites it."""
    words = start(ticks)
    clean = copy_of(words)
    spoil(words, np.random.default_rng(seed))
    assert after(words, 1) == after(clean, 1)
    assert after(words, 25) == after(clean, 25)


def spoil(words: ArenaWords, generator: np.random.Generator) -> None:
    """Fill with noise all that a tick may write in B: everything but cold columns of the living."""
    tick = words.get(Header.COMMIT)
    world = open_world(words)
    old, new = world.buffer(tick), world.buffer(tick + 1)
    touched = old.touched[: old.scalar(State.TOUCHED_COUNT)]
    writable = np.union1d(np.flatnonzero(old.state != ALIVE), touched)
    new.state_block[:] = generator.integers(0, 256, len(new.state_block), np.uint8)
    for column in COLUMNS:
        values = getattr(new, column.name)
        noise = generator.integers(0, 256, values.nbytes, np.uint8).view(values.dtype)
        noise = noise.reshape(values.shape)
        if column.name in COLD:
            values[writable] = noise[writable]
        elif column.hot or column.name == "touched":
            values[:] = noise
    outbox = np.frombuffer(words.outbox(), np.uint8)
    head = words.state(tick, State.OUTBOX_HEAD)
    outbox[head:] = generator.integers(0, 256, len(outbox) - head, np.uint8)
