"""What may be asked of a trial: a wish, held to the limits, and the job it becomes.

What is tried is a source; or, with one already in the world or none at all, a change: other values
of parameters, or what an active trait brings, against a control without it.

Owns: the wish, its limits, what a trial that nobody sized is like. Does not own: the queue and the
process (`trials.py`), the verdict (`trial_verdict.py`), carrying a job out (`zones/world/trial`).
Pure.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from Kernel.contract.errors import Refused
from Kernel.contract.parameters import hash_of_values
from Kernel.contract.window_metrics import WINDOW_TICKS
from Kernel.core.batch_verdict import BATCH, hash_of_batch
from Kernel.core.limits import LIMITS_HINT, MEGABYTE, TrialLimits

TICKS: Final = 1000
SEEDS_OF_SMALL: Final = 4
SMALL_POPULATION: Final = 5_000
"""Up to so many Molbots a try has SEEDS_OF_SMALL pairs of runs, above that one."""
COPIES: Final = 2
"""Of the world, in memory at the same time: a candidate's and a control's."""
CONTROLS_OF_FORECAST: Final = 4
"""A forecast is of candidates alone; so many of its runs have a control, for the effect."""
SCALE: Final = 10
SCALE_TICKS: Final = 100
"""What is to come into the world has one more pair, up to so many times as large, so long: it may
be slow, or harm the world, only where many are."""
SCALED_POPULATION_MAX: Final = 100_000
"""A hundred ticks of so many take a second or two; of more, longer than the trial otherwise."""
SCALED_SHARE: Final = 0.5
"""Of the memory there is: nobody has asked for that pair."""
HINT: Final = "molt help try"
WHAT_CHARS_MAX: Final = 200


SOURCE: Final = "source"
PARAMS: Final = "params"
WITHOUT: Final = "without"
"""Kinds of what is tried."""


@dataclass(frozen=True, slots=True)
class ForecastWish:
    """That it is also said how what is tried will do: its runs are those of the trial.

    Args:
        metric: that is promised; better: "more" or "less" of it.
        window_ticks: how long a window is; there are as many as fit into the ticks of a run.
        seconds: the runs may take; where they would take more there are fewer, then shorter ones.
    """

    metric: str
    better: str = "more"
    window_ticks: int = WINDOW_TICKS
    seconds: float = 60.0

    def fields(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "metric": self.metric,
            "better": self.better,
            "window_ticks": self.window_ticks,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class TrialWish:
    """What somebody asked for.

    Args:
        source: the file; b"" where a change is tried.
        by: who asked: "console", or the zone.
        ticks: of each run.
        seeds: pairs of runs; 0: as fits the population.
        scale: one more pair has so many times the population; 1: none.
        add: what is accepted is stored for the zone's next generation.
        trial: run it beside a control; False: only check, compile and compare it.
        carriers: "all" or "newborns".
        unchecked: neither checked nor guarded; for tests of the cage.
        cause: id of the event that it was asked for.
        params: values by name that the candidate's world is run by, instead of a source.
        without: name of an active trait that the control is without, instead of a source.
        without_hash: of its code; filled in by who knows the world.
        forecast: None: none is wanted.
        batch: sources that are tried beside the same controls, instead of one.
    """

    source: bytes
    by: str
    ticks: int = TICKS
    seeds: int = 0
    scale: int = 1
    add: bool = False
    trial: bool = True
    carriers: str = "all"
    unchecked: bool = False
    cause: bytes = b""
    params: Mapping[str, float] = field(default_factory=dict)
    without: str = ""
    without_hash: str = ""
    forecast: ForecastWish | None = None
    batch: tuple[bytes, ...] = ()

    @property
    def kind(self) -> str:
        """What is tried: SOURCE, PARAMS, WITHOUT or BATCH."""
        if self.batch:
            return BATCH
        return WITHOUT if self.without else PARAMS if self.params else SOURCE

    @property
    def what(self) -> str:
        """What is tried, for people; "" for a source, which its class names."""
        if self.batch:
            return f"{len(self.batch)} sources"
        if self.params:
            told = ", ".join(f"{name} {value:g}" for name, value in sorted(self.params.items()))
            return told[:WHAT_CHARS_MAX]
        return f"the world without {self.without}" if self.without else ""

    @property
    def code_hash(self) -> str:
        """The sha256 of what is tried, hex: of the source, the values of parameters, the batch."""
        if self.without:
            return self.without_hash
        if self.batch:
            return hash_of_batch(self.batch)
        return (
            hash_of_values(self.params) if self.params else hashlib.sha256(self.source).hexdigest()
        )

    @property
    def job(self) -> bytes:
        """What its process works on."""
        return b"".join(self.batch) or self.source

    def seeds_for(self, population: int) -> int:
        """Return the pairs of runs, for a world of so many."""
        if self.seeds:
            return self.seeds
        return SEEDS_OF_SMALL if population <= SMALL_POPULATION and not self.add else 1


def check_size(
    wish: TrialWish, limits: TrialLimits, world_bytes: int, free_bytes: int | None
) -> None:
    """Hold a wish to the limits of the configuration and to the memory there is.

    Args:
        world_bytes: of the arena it copies.
        free_bytes: that the machine has left, None: unknown.

    Raises:
        Refused: it asks for too much; the message has the value, the limit and its key.
    """
    size = max(map(len, (wish.source, *wish.batch)))
    if size > limits.source_bytes:
        raise Refused(
            f"cannot try: the source has {size} bytes; the limit is {limits.source_bytes} "
            "(trial.source_kb)",
            LIMITS_HINT,
        )
    for what, value, most in (
        ("ticks", wish.ticks, limits.ticks_max),
        ("seeds", wish.seeds, limits.seeds_max),
    ):
        if value > most:
            raise Refused(
                f"cannot try: {value} {what} are asked for; the limit is {most} (trial.{what}_max)",
                LIMITS_HINT,
            )
    needed = COPIES * wish.scale * world_bytes if wish.trial else 0
    room, hint, key = limits.each.memory_bytes, LIMITS_HINT, " (trial.memory_mb)"
    if free_bytes is not None and (not room or free_bytes < room):
        room, hint, key = free_bytes, "molt doctor", ""
    if (room or free_bytes is not None) and needed > room:
        raise Refused(
            f"cannot try: {COPIES} copies of the world, {wish.scale} times as large, take "
            f"{needed // MEGABYTE} MB; there is room for {room // MEGABYTE} MB{key}",
            hint if wish.scale == 1 else "molt try FILE --scale 1",
        )


def scale_for(
    wish: TrialWish,
    limits: TrialLimits,
    population: int,
    capacity: int,
    world_bytes: int,
    free_bytes: int | None,
) -> tuple[int, int]:
    """Return how many times the population one more pair has, and for how long; 1: there is none.

    Args:
        capacity: as many as can ever live in that world; so many at least, if they fit, and not
            many more: what no world comes to speaks against no trait.
        world_bytes, free_bytes: as of `check_size`.

    Returns:
        The factor, and the ticks, 0: as many as those of all runs.
    """
    enters = wish.trial and (wish.add or wish.forecast is not None) and not wish.without
    if wish.scale > 1 or not enters:
        return wish.scale, 0
    rooms = [each for each in (limits.each.memory_bytes, free_bytes) if each]
    fitting = int(SCALED_SHARE * min(rooms)) // (COPIES * world_bytes) if rooms else SCALE
    living = max(population, 1)
    full = -(-capacity // living)
    factor = min(SCALE, full, SCALED_POPULATION_MAX // living, fitting)
    return max(factor, 1), SCALE_TICKS


def job_of(
    wish: TrialWish,
    zone: str,
    home: str,
    population: int,
    hashes: Sequence[str],
    scale: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Return the job, as `zones/world/trial/job.py` reads it.

    Args:
        scale: what `scale_for` returned.
    """
    factor, scale_ticks = scale or (wish.scale, 0)
    return {
        "zone": zone,
        "home": home,
        "add": wish.add,
        "trial": wish.trial,
        "ticks": wish.ticks,
        "seeds": wish.seeds_for(population),
        "scale": factor,
        "scale_ticks": scale_ticks if factor > 1 else 0,
        "controls": CONTROLS_OF_FORECAST if wish.forecast is not None else 0,
        "carriers": wish.carriers,
        "hashes": list(hashes),
        "unchecked": wish.unchecked,
        "lengths": [len(each) for each in wish.batch],
        "params": dict(wish.params),
        "without": wish.without,
        "forecast": wish.forecast.fields() if wish.forecast is not None else None,
    }
