"""What tests of trials share: a world in memory, the cage of this machine, sources."""

from functools import cache
from pathlib import Path
from typing import Any

from Kernel.contract.arena import check_arena
from tests.zones.world.worlds import make_engine, make_world
from zones.runtime.arena_image import ArenaImage, copy_committed
from zones.runtime.cage import Layer, probe
from zones.world.trait_loading import LoadedTraits
from zones.world.trial.coordinator import try_trait
from zones.world.trial.job import Job
from zones.world.trial.pairs import Context
from zones.world.trial.walls import Walls
from zones.world.warm_up import prepare

BUDGET_US = 16_000.0
DRIFTER = b"""
class Drifter(Trait):
    def __init__(self):
        self.calls = 0

    async def execute(self, entity):
        self.calls += 1
        entity.move(0.25, 0.125 * self.calls)
"""
IDLE = b"class Idle(Trait):\n    async def execute(self, entity):\n        pass\n"
EATER = b"class Eater(Trait):\n    async def execute(self, entity):\n        entity.eat(100.0)\n"


@cache
def missing() -> frozenset[Layer]:
    """Return the layers that this machine has not got; every kernel is loaded afterwards."""
    prepare(1)
    return probe().missing


@cache
def image(entities: int = 200, resources: int = 400) -> ArenaImage:
    """Return a world that has lived for 40 ticks."""
    words = make_world(entities=entities, max_entities=2 * entities, resources=resources)
    engine = make_engine(words)
    for _ in range(40):
        engine.tick()
    check_arena(words, "a world of a test")
    return copy_committed(words)


def context(**more: Any) -> Context:
    """Return what a trial is given."""
    walls = Walls(missing())
    return Context(**{
        "image": image(), "loaded": LoadedTraits(), "walls": walls, "budget_us": BUDGET_US, **more
    })  # fmt: skip


def trial(source: bytes, home: Path = Path("/nowhere"), **more: Any) -> dict[str, Any]:
    """Return what a short trial says of a source."""
    job = Job("stable", home, **{"ticks": 100, **more})
    return try_trait(job, source, context())
