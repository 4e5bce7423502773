"""Traits of tests that need no compiler: Python over the arrays of a scene, as machine code is."""

from collections.abc import Callable
from typing import Any

import numpy as np

from Kernel.contract.arena import ArenaWords
from Kernel.contract.inputs import ADD_TRAIT, ALL, Input, TraitFacts
from tests.zones.world.worlds import make_engine, send
from zones.traits.contract import CARRIED, INTERPRETED, NATIVE, NONE, VOLATILE
from zones.traits.scene import Scene
from zones.world.engine import Engine
from zones.world.trait_library import LoadedTrait, TraitLibrary

Body = Callable[[Scene, Any], None]


def hash_of(name: str) -> str:
    """Return what stands for the hash of a trait's source."""
    return name.encode().hex().ljust(64, "0")


def facts(name: str, version: int = 1, hash: str = "", **more: Any) -> TraitFacts:
    """Return what an input says of a trait."""
    told = {"tier": NATIVE, "state": NONE, "carriers": ALL, **more}
    return TraitFacts(name, version, hash or hash_of(f"{name}{version}"), **told)


def add(words: ArenaWords, given: TraitFacts) -> int:
    """Send the input that brings a trait in."""
    return send(words, Input(ADD_TRAIT, trait=given))


def loaded(given: TraitFacts, body: Body, fuel: int = 3, **more: Any) -> tuple[str, LoadedTrait]:
    """Return a trait whose `body` is called with the scene and the slots of those who run.

    Every call uses `fuel` steps and is well, unless the body says otherwise.
    """

    def run(scene: Scene, count: int, _parts: int) -> None:
        arrays = scene.arrays
        arrays["fuel"][:count] = fuel
        arrays["status"][:count] = 0
        if count:  # a trait is called for nobody to be warm
            body(scene, arrays["carriers"][:count])

    return given.tier, LoadedTrait(hash=given.hash, run=run, moods=given.moods, **more)


def restless(scene: Scene, who: Any) -> None:
    """Paint, tire and remember: writes every column that a trait may write."""
    arrays, capacity = scene.arrays, scene.number("capacity")
    first = scene.number("memory_first")
    arrays["new_energy"][who] *= np.float32(0.999)
    arrays["new_x"][who] = np.maximum(arrays["new_x"][who] - np.float32(0.25), np.float32(0))
    arrays["new_colour"][who] = arrays["new_colour"][who] * np.uint32(3) + np.uint32(7)
    arrays["new_radius"][who] = arrays["new_radius"][who] * np.float32(0.99)
    arrays["new_max_energy"][who] = np.maximum(
        arrays["new_max_energy"][who] * np.float32(0.9999), arrays["new_energy"][who]
    )
    arrays["new_mood"][who] = arrays["moods"][0]
    memory = arrays["memory"].reshape(-1, capacity)
    fresh = arrays["ready"][who] & (np.uint64(1) << np.uint64(scene.number("slot"))) == 0
    memory[first, who] = np.where(fresh, 1, memory[first, who] + arrays["id"][who])
    memory[first + 1, who] = memory[first, who] >> 1


def hungry(scene: Scene, who: Any) -> None:
    """Want a bite of a place that depends on the id."""
    arrays = scene.arrays
    arrays["place"][who] = arrays["id"][who] % scene.number("places") // 4
    arrays["wanted"][who] = np.float32(2.5)


def clumsy(scene: Scene, who: Any) -> None:
    """Have a fault in every seventh."""
    arrays = scene.arrays
    arrays["status"][: len(who)] = np.where(arrays["id"][who] % 7 == 0, 9, 0)
    arrays["fuel"][: len(who)] = 1 + arrays["id"][who] % 5


RESTLESS = facts("Restless", state=CARRIED, memory=2, moods=("restless",))
HUNGRY = facts("Hungry")
CLUMSY = facts("Clumsy", tier=INTERPRETED, state=VOLATILE)
WRITES = frozenset({"color", "state", "radius", "max_energy", "x", "energy"})
ALL_OF_THEM = (RESTLESS, HUNGRY, CLUMSY)


def library() -> TraitLibrary:
    """Return the three traits above."""
    return TraitLibrary(
        [loaded(RESTLESS, restless, writes=WRITES), loaded(HUNGRY, hungry), loaded(CLUMSY, clumsy)]
    )


def engine_with(words: ArenaWords, traits: TraitLibrary | None = None, **more: Any) -> Engine:
    """Return an engine that has the code of these traits."""
    return make_engine(words, library=library() if traits is None else traits, **more)
