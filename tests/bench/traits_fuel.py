"""What counting fuel costs machine code: the same traits compiled with it and without.

Owns: the traits and the runs. Both kernels of a trait run on one scene in turn, many Molbots on one
thread; a trait that looks around does most of its work in the search, which counts nothing.
"""

import time
from collections.abc import Callable

from tests.bench.figures import median
from tests.zones.traits.both_tiers import bind, follow
from tests.zones.traits.corpus import honest
from tests.zones.traits.scenes import make_scene
from zones.traits.native.compiling import NativeTrait, make_native
from zones.traits.reading import check_source
from zones.traits.verdict import Checked

TRAITS = (
    *("forage_nearest", "speed_limiter", "smooth_wander", "flocking_separation", "full_boids"),
    *("food_memory", "binary_memory", "noise_field", "escape_direction", "energy_thrift"),
)
"""With loops and without, with helper methods, looking around and not."""
ENTITIES = 20_000
PLACES = 20_000
SIDE = 4000.0


def measure_fuel(rounds: int) -> dict[str, tuple[float, float]]:
    """Return ns a call with fuel and without, by trait: medians of rounds that take turns."""
    found = {}
    for name in TRAITS:
        checked = check_source(honest()[name])
        runs = [_run_of(checked, make_native(checked, fuel=fuel)) for fuel in (True, False)]
        taken: list[list[float]] = [[], []]
        for number in range(rounds + 1):
            for times, run in zip(taken, runs, strict=True):
                spent_ns = run()
                if number:
                    times.append(spent_ns)
        found[name] = (median(taken[0]), median(taken[1]))
    return found


def _run_of(checked: Checked, trait: NativeTrait) -> Callable[[], float]:
    scene = make_scene(7, ENTITIES, PLACES, SIDE, SIDE, free=0, names=("", checked.name))
    bind(scene, checked)
    ticks = iter(range(101, 1 << 30))

    def run() -> float:
        follow(scene, next(ticks))
        started_ns = time.perf_counter_ns()
        trait.run(scene, ENTITIES)
        return (time.perf_counter_ns() - started_ns) / ENTITIES

    return run
