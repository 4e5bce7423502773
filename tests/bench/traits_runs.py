"""The traits bench at 500 entities: the same three traits in each of four ways to run them.

Owns: the traits, the entities, and the ways. Does not own: goals and rows (`traits.py`), a whole
world (`traits_world.py`). The first draft of this program awaited each call under
`asyncio.wait_for`; that is the peer, on plain Python objects in the place of the scene's columns.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.bench.figures import NS_PER_MS
from tests.bench.peers.plain_entity import Entity, Food, Ground, load_trait
from tests.zones.traits.both_tiers import bind, follow
from tests.zones.traits.corpus import honest
from tests.zones.traits.scenes import Stage, make_scene
from zones.traits.interpreted import InterpretedTrait
from zones.traits.native.compiling import make_native
from zones.traits.reading import check_source
from zones.traits.verdict import Checked

SETS = {
    "small": ("energy_thrift", "speed_limiter", "momentum"),
    "looking": ("forage_nearest", "flocking_separation", "smooth_wander"),
}
"""small: arithmetic on the own fields and two carried numbers, like the traits that the goals come
from (0.3 us each when plainly awaited). looking: two searches, and random numbers with sines."""
ENTITIES = 500
PLACES = 500
SIDE = 2000.0
CALL_TIMEOUT_S = 0.005
NATIVE_TICKS = 20
"""In one round, whose mean counts: one is over before the caches know of it."""
Way = Callable[[], float]
"""Runs all traits once for all entities; returns ms."""


def ways_of(names: Sequence[str]) -> dict[str, Way]:
    """Return each way of running these traits, by its name."""
    checked = [check_source(honest()[name]) for name in names]
    natives = [make_native(trait) for trait in checked]
    peer = _Peer(names)
    return {
        "asyncio.wait_for per call": peer.wait_for,
        "plain await": peer.plainly,
        "molt interpreted": _way(checked, [InterpretedTrait(trait) for trait in checked]),
        "molt native": _way(checked, natives, NATIVE_TICKS),
    }


def make_stage() -> Stage:
    """Return the scene that all ways run on."""
    return make_scene(7, ENTITIES, PLACES, SIDE, SIDE, free=0, names=("", "A", "B", "C"))


def _way(checked: Sequence[Checked], tiers: Sequence[Any], ticks_a_round: int = 1) -> Way:
    scene = make_stage()
    ticks = iter(range(101, 1 << 30))

    def tick() -> int:
        follow(scene, next(ticks))
        spent_ns = 0
        for number, (trait, tier) in enumerate(zip(checked, tiers, strict=True)):
            bind(scene, trait)
            scene.place_number("slot", number + 1)
            scene.place_number("memory_first", 4 * number)
            started_ns = time.perf_counter_ns()
            tier.run(scene, ENTITIES)
            spent_ns += time.perf_counter_ns() - started_ns
        assert not scene.arrays["status"][:ENTITIES].any()
        return spent_ns

    def run() -> float:
        return sum(tick() for _ in range(ticks_a_round)) / ticks_a_round / NS_PER_MS

    return run


class _Peer:
    """The same Molbots as plain objects, with an instance of each trait for each of them."""

    def __init__(self, names: Sequence[str]) -> None:
        scene = make_stage()
        ground = Ground(SIDE, SIDE)
        columns = {name: array.tolist() for name, array in scene.arrays.items()}
        self.entities = [
            Entity(
                ground,
                str(columns["id"][slot]),
                *(columns[name][slot] for name in ("x", "y", "vx", "vy", "energy", "max_energy")),
                columns["radius"][slot],
                columns["age"][slot],
                columns["generation"][slot],
            )
            for slot in columns["carriers"]
        ]
        places = zip(columns["place_x"], columns["place_y"], columns["food_amount"], strict=True)
        ground.renew(self.entities, [Food(*place) for place in places])
        classes = [load_trait(honest()[name].decode()) for name in names]
        self.traits = [[kind() for _ in self.entities] for kind in classes]

    def wait_for(self) -> float:
        """Await each call under a time-out, as the first draft did."""
        return asyncio.run(self._run(limited=True))

    def plainly(self) -> float:
        """Await each call, with nothing that could stop it."""
        return asyncio.run(self._run(limited=False))

    async def _run(self, limited: bool) -> float:
        started_ns = time.perf_counter_ns()
        for traits in self.traits:
            for trait, entity in zip(traits, self.entities, strict=True):
                if limited:
                    await asyncio.wait_for(trait.execute(entity), CALL_TIMEOUT_S)
                else:
                    await trait.execute(entity)
        return (time.perf_counter_ns() - started_ns) / NS_PER_MS


def take_turns(ways: dict[str, Way], rounds: int) -> dict[str, list[float]]:
    """Return the ms of each round of each way; they take turns, so noise meets all of them."""
    for run in ways.values():
        run()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            taken[name].append(run())
    return taken
