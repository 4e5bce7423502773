"""Ticks with traits computed again: from the events alone, the same world comes out."""

from typing import Any

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header, State, check_arena
from Kernel.contract.inputs import QUARANTINE, REMOVE_TRAIT, Input
from tests.zones.world.fake_traits import (
    CLUMSY,
    HUNGRY,
    RESTLESS,
    add,
    engine_with,
    facts,
    library,
    loaded,
)
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import make_world, read_events, send
from zones.runtime.arena_image import copy_committed, write_into
from zones.traits.scene import Scene
from zones.world.recorded import Recorded, parse_recorded
from zones.world.replaying import Replayer
from zones.world.run import run_world
from zones.world.settings import parse_settings
from zones.world.trait_library import TraitLibrary
from zones.world.world_hash import world_hash


class Diary:
    """A volatile trait: it tires who has been called by it, ever more, as long as it remembers."""

    def __init__(self) -> None:
        self.calls: dict[int, int] = {}

    def run(self, scene: Scene, who: Any) -> None:
        """Count the calls of each in memory that no arena has."""
        for slot in who.tolist():
            number = int(scene.arrays["id"][slot])
            self.calls[number] = self.calls.get(number, 0) + 1
            scene.arrays["new_energy"][slot] *= np.float32(1 - 0.001 * self.calls[number])

    def forget(self, ids: Any) -> None:
        """Drop the dead."""
        for one in ids:
            self.calls.pop(one, None)


def with_diary() -> tuple[TraitLibrary, Diary]:
    """Return the traits of `fake_traits`, but that CLUMSY remembers."""
    diary = Diary()
    clumsy = loaded(CLUMSY, diary.run, reset=diary.calls.clear, forget=diary.forget)
    return TraitLibrary([clumsy]).joined(library()), diary


def lived() -> tuple[ArenaWords, list[Recorded]]:
    """Return a world that had traits, heirs and a quarantine, and what its events tell of it."""
    words = make_world(seed=8, **BUSY)
    plan: dict[int, list[Any]] = {
        3: [RESTLESS, CLUMSY],
        9: [HUNGRY],
        15: [facts("Hungry", 2)],
        22: [Input(QUARANTINE, slot=4), Input(REMOVE_TRAIT, name="Restless")],
    }
    engine = engine_with(words, with_diary()[0])
    for tick in range(1, 31):
        if tick in (12, 18):
            engine = engine_with(words, with_diary()[0])  # an heir
        for each in plan.get(tick, []):
            add(words, each) if not isinstance(each, Input) else send(words, each)
        engine.tick()
    told = [event for event in read_events(words) if event["kind"] == "input.applied"]
    return words, [parse_recorded(event) for event in told]


def test_the_log_alone_leads_there() -> None:
    """Volatile state, heirs and suspended code included: by the recorded inputs, in their order."""
    words, inputs = lived()
    kinds = [each.input.kind.removeprefix("world.") for each in inputs]
    assert kinds.count("reset_traits") == 2 and "suspend_trait" in kinds
    settings = parse_settings({"seed": 8, **BUSY})
    report = run_world(settings, 30, inputs=inputs, library=with_diary()[0])
    assert report.hash == world_hash(words).hex()
    assert report.hash != run_world(settings, 30, inputs=inputs[:-1], library=with_diary()[0]).hash


def test_a_restored_snapshot_goes_on_with_its_registry() -> None:
    """An image carries registry, memory and counts; a world founded from it is the same world."""
    words, _ = lived()
    check_arena(words, "test")
    image = copy_committed(words)
    other = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
    write_into(other, image, bytes(16), 1)
    assert world_hash(other) == world_hash(words)
    for each in (words, other):
        engine = engine_with(each)
        for _ in range(5):
            engine.tick()
    assert world_hash(other) == world_hash(words)


def test_missing_code_is_suspended_and_said() -> None:
    """A replay without the code of a trait suspends it at the tick that it would have run at."""
    words, inputs = lived()
    start = make_world(seed=8, **BUSY)
    replayer = Replayer(start, 1, inputs, library=TraitLibrary(missing={HUNGRY.hash: "it is gone"}))
    replayer.run_to(30)
    assert replayer.suspended[:2] == [
        "trait Restless was suspended at tick 3: this generation was not given its code",
        "trait Clumsy was suspended at tick 3: this generation was not given its code",
    ]
    assert replayer.suspended[2] == "trait Hungry was suspended at tick 9: it is gone"
    assert replayer.hash() != world_hash(words)
    assert start.state(start.get(Header.COMMIT), State.TRAITS_ACTIVE) == 0


@pytest.mark.parametrize("forgetful", [False, True])
def test_the_dead_are_forgotten(forgetful: bool) -> None:
    """What a volatile trait remembers of the dead is dropped in the tick of their death."""
    words = make_world(seed=8, **BUSY)
    traits, diary = with_diary()
    add(words, CLUMSY)
    engine = engine_with(words, traits)
    for _ in range(90):
        engine.tick()
        buffer = engine.world.committed
        alive = set(buffer.id[buffer.state == 1].tolist())
        assert set(diary.calls) <= alive
    assert words.state(90, State.DEATH_AGE) > 10
    if forgetful:
        send(words, Input(REMOVE_TRAIT, name="Clumsy"))
        engine.tick()
        assert diary.calls == {}
