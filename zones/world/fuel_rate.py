"""`python -m zones.world.fuel_rate`: how many steps of traits this machine does in a millisecond.

Owns: the trait that is measured, and the measuring. Does not own: what follows from it
(`Kernel/core/checkup.py`), the parameters. Time is measured for an operator; it decides no tick.
"""

import json
import mmap
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from Kernel.contract.arena import ArenaWords
from Kernel.contract.inputs import ADD_TRAIT, Input, TraitFacts
from zones.traits.contract import NATIVE, NONE
from zones.traits.native.compiling import make_native
from zones.traits.reading import check_source
from zones.traits.scene import Scene
from zones.world import founding
from zones.world.engine import Engine
from zones.world.recorded import Recorded, send
from zones.world.settings import parse_settings
from zones.world.trait_library import LoadedTrait, TraitLibrary
from zones.world.trait_loading import interpreted_trait
from zones.world.warm_up import prepare

SOURCE: Final = b"""
class Measured(Trait):
    async def execute(self, entity):
        best, place = 0.0, entity.x
        for step in range(1500):
            place = place * 0.999 + step
            if place > best:
                best = place
        entity.vx = entity.vx
"""
"""Loops, arithmetic and branches in the mixture of common traits."""
ENTITIES: Final = 40
TICKS: Final = 6
"""The best of so many counts: others on the machine only make it slower."""


def measure_fuel() -> tuple[float, float]:
    """Return steps in a millisecond, of interpreted traits and of native ones."""
    checked = check_source(SOURCE)
    plain = interpreted_trait(checked)
    made = make_native(checked)

    def run_native(scene: Scene, count: int, _parts: int) -> None:
        made.run(scene, count)

    return _rate(plain), _rate(replace(plain, run=run_native))


def _rate(trait: LoadedTrait) -> float:
    best = 0.0

    def timed(run: Callable[[Scene, int, int], None]) -> Callable[[Scene, int, int], None]:
        def measured(scene: Scene, count: int, parts: int) -> None:
            nonlocal best
            began_ns = time.perf_counter_ns()
            run(scene, count, parts)
            took_ms = (time.perf_counter_ns() - began_ns) / 1e6
            steps = float(scene.arrays["fuel"][:count].sum())
            best = max(best, steps / max(took_ms, 1e-6))

        return measured

    settings = parse_settings(
        {"entities": ENTITIES, "max_entities": 64, "resources": 64, "tick_time_budget_sec": 10.0}
    )
    words = ArenaWords(memoryview(mmap.mmap(-1, founding.plan(settings).file_bytes)))
    founding.found(words, settings)
    # As native: then the tick's budget lets everybody run in every tick, whoever runs it.
    library = TraitLibrary([(NATIVE, replace(trait, run=timed(trait.run)))])
    engine = Engine(words, 1, lambda: 0, library=library)
    facts = TraitFacts("Measured", 1, trait.hash, NATIVE, NONE)
    send(words, Recorded(1, Input(ADD_TRAIT, trait=facts)), 1)
    for _ in range(TICKS):
        engine.tick()
    return best


def main() -> int:
    """Print what was measured and return the exit code."""
    prepare(1)
    interpreted, native = measure_fuel()
    print(
        json.dumps({"fuel_per_ms": round(interpreted), "native_gain": round(native / interpreted)})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
