"""Runs a trait in both tiers on the same scenes and tells where they differ.

Owns: what is compared, and how scenes follow each other. Does not own: scenes (`scenes.py`), what
is run on them (`test_one_meaning.py`, `tests/fuzz`).
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from tests.zones.traits.scenes import Stage, make_scene
from zones.runtime import random_streams
from zones.traits.contract import STATUS_NAMES
from zones.traits.scene import Scene
from zones.traits.table import WORDS
from zones.traits.verdict import Checked

WRITTEN = (
    *(word.name for word in WORDS if word.name.startswith("new_")),
    *("memory", "ready", "moved2", "wanted", "place", "fuel", "status"),
)
"""All that a trait may write."""
TICKS = 3
SHAPES = (
    {"entities": 40, "places": 60, "width": 200.0, "height": 200.0},
    {"entities": 12, "places": 0},
    {"entities": 50, "places": 80},
    {"entities": 30, "places": 200, "width": 150.0, "height": 300.0, "bodies": 9.0},
    {"entities": 1, "places": 3, "width": 30.0, "height": 30.0},
    {"entities": 170, "places": 160, "width": 90.0, "height": 90.0},
)
"""Crowded ones, one without food, one with nobody else, one with more neighbours than are given."""


class Runs(Protocol):
    """A trait in one tier."""

    def run(self, scene: Scene, count: int) -> None:
        """Run it for the first carriers."""


def bind(scene: Scene, checked: Checked) -> None:
    """Let the scene's words on moods and names be those of this trait, as a registry does."""
    names = [name for name in scene.mood_names if name]
    names += [mood for mood in checked.moods if mood not in names]
    scene.mood_names = (*names, *("",) * (len(scene.mood_names) - len(names)))
    codes = [names.index(mood) for mood in checked.moods]
    scene.place_array("moods", np.array([*codes, 0], np.uint8))
    masks = [
        sum(1 << slot for slot, name in enumerate(scene.names) if name == asked)
        for asked in checked.traits
    ]
    scene.place_array("masks", np.array([*masks, 0], np.uint64))


def follow(scene: Stage, tick: int) -> None:
    """Begin the next tick: other draws, nothing moved or wanted yet, a tick older."""
    seed, _ = scene.seed_tick
    scene.seed_tick = (seed, tick)
    scene.place_number("tick_key", int(random_streams.tick_key(seed, tick)))
    scene.arrays["moved2"][:] = 0.0
    scene.arrays["wanted"][:] = 0.0
    scene.arrays["place"][:] = -1
    scene.arrays["new_age"] += 1


def stage(checked: Checked, seed: int, fuel_max: int = 50_000) -> Stage:
    """Return the scene of a seed, bound to a trait."""
    scene = make_scene(seed, fuel_max=fuel_max, **SHAPES[seed % len(SHAPES)])  # type: ignore[arg-type]
    bind(scene, checked)
    return scene


def statuses(runs: Runs, checked: Checked, seed: int, fuel_max: int = 50_000) -> dict[str, int]:
    """Return how often a trait ended how on one scene, by name."""
    scene = stage(checked, seed, fuel_max)
    count = len(scene.living)
    runs.run(scene, count)
    codes, times = np.unique(scene.arrays["status"][:count], return_counts=True)
    return {STATUS_NAMES[int(code)]: int(n) for code, n in zip(codes, times, strict=True)}


def differences(
    native: Runs, interpreted: Runs, checked: Checked, seed: int, fuel_max: int = 50_000
) -> Iterator[str]:
    """Yield each way in which some ticks on the scene of a seed differ, at the first tick it does.

    State is carried on from tick to tick in each tier's own scene.
    """
    first, second = stage(checked, seed, fuel_max), stage(checked, seed, fuel_max)
    count = len(first.living)
    for tick in range(101, 101 + TICKS):
        for scene, runs in ((first, native), (second, interpreted)):
            follow(scene, tick)
            runs.run(scene, count)
        found = list(_compare(first, second, count, f"seed {seed}, tick {tick}"))
        if found:
            yield from found
            return


def _compare(first: Stage, second: Stage, count: int, where: str) -> Iterator[str]:
    for name in WRITTEN:
        one, other = first.arrays[name], second.arrays[name]
        if name in {"fuel", "status"}:
            one, other = one[:count], other[:count]
        if one.tobytes() == other.tobytes():
            continue
        bits = f"u{one.dtype.itemsize}"
        at = int(np.flatnonzero(one.view(bits) != other.view(bits))[0])
        capacity = first.number("capacity")
        slot = int(first.arrays["carriers"][at]) if name in {"fuel", "status"} else at % capacity
        yield (
            f"{where}, slot {slot}: {name} is {one[at]!r} natively, {other[at]!r} interpreted "
            f"({np.count_nonzero(one.view(bits) != other.view(bits))} differ)"
        )
