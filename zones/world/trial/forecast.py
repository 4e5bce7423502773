"""How a change will do: a band for each window of ticks, from the candidate's runs over seeds.

Owns: how long and how many such runs are, the band. Does not own: the runs (`pairs.py`), what the
value of a window is (`Kernel/contract/window_metrics.py`), what follows when the world leaves its
band (the kernel's guard). Pure.

One more world like those that were run lies in the band in 99 of 100 cases, if their values are
spread normally: mean ± t·s·√(1 + 1/n). It is wider than the interval of the mean, which says where
the mean of many worlds lies and not where this one does. Of small counts all runs may have the
same, and a band without width would be left by the next birth: so it reaches at least one least
difference to either side.

Source: Hahn and Meeker, "Statistical Intervals" (1991), §4.7; quantiles of the t distribution, two
sides, 99 %.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from Kernel.contract.trial_forecast import Band, Forecast
from Kernel.contract.window_metrics import (
    Counters,
    least_difference,
    measured_metric,
    window_value,
)
from zones.world.trial.job import Job

T_99: Final = (
    63.6567, 9.9248, 5.8409, 4.6041, 4.0321, 3.7074, 3.4995, 3.3554, 3.2498,
    3.1693, 3.1058, 3.0545, 3.0123, 2.9768, 2.9467, 2.9208, 2.8982, 2.8784,
    2.8609, 2.8453, 2.8314, 2.8188, 2.8073, 2.7969, 2.7874, 2.7787, 2.7707,
    2.7633, 2.7564, 2.7500, 2.7440, 2.7385, 2.7333, 2.7284, 2.7238, 2.7195,
    2.7154, 2.7116, 2.7079, 2.7045, 2.7012, 2.6981, 2.6951, 2.6923, 2.6896,
    2.6870, 2.6846, 2.6822, 2.6800, 2.6778, 2.6757, 2.6737, 2.6718, 2.6700,
    2.6682, 2.6665, 2.6649, 2.6633, 2.6618, 2.6603, 2.6589, 2.6575, 2.6561,
)  # fmt: skip
"""By degrees of freedom, from 1 on."""
SEEDS_LEAST: Final = 3
"""Of two runs the band is as wide as 78 of their deviations: it holds anything."""
US_PER_TICK: Final = 100.0
US_PER_MOLBOT: Final = 0.15
"""What a tick of a candidate is taken to cost before one was run: measured with 500 and 50,000."""


class Planned(NamedTuple):
    """The runs that there is time for; `degraded` says what was left out, "" for nothing."""

    ticks: int
    seeds: int
    degraded: str = ""


def plan_runs(job: Job, population: int) -> Planned:
    """Return how long runs may be, and how many, before one was run."""
    asked = job.forecast
    if asked is None:
        return Planned(job.ticks, job.seeds)
    tick_s = (US_PER_TICK + US_PER_MOLBOT * population) / 1e6
    ticks, seeds = job.ticks, _seeds_in(job.seeds, asked.seconds, job.ticks * tick_s)
    if seeds * ticks * tick_s > asked.seconds:
        windows = int(asked.seconds / (seeds * tick_s * asked.window_ticks))
        ticks = min(ticks, max(windows, 1) * asked.window_ticks)
    return Planned(ticks, seeds, _less(job, ticks, seeds))


def plan_rest(job: Job, planned: Planned, pair_s: float) -> Planned:
    """Return the same once a first pair has shown how long one takes: there may be fewer."""
    if job.forecast is None:
        return planned
    seeds = _seeds_in(planned.seeds, job.forecast.seconds, pair_s)
    return Planned(planned.ticks, seeds, _less(job, planned.ticks, seeds))


def forecast(
    job: Job, runs: Sequence[Sequence[Counters]], window_ticks: int, degraded: str
) -> Forecast | None:
    """Return the bands of a job's metric, None where none were asked for.

    Args:
        runs: of each the counters at its beginning and after each window.
        degraded: what was left out of the runs, "".
    """
    asked = job.forecast
    if asked is None:
        return None
    metric, why = measured_metric(asked.metric)
    longer = f"windows are of {window_ticks} ticks" if window_ticks != asked.window_ticks else ""
    if len(runs) < 2:
        few = f"{len(runs)} run tells nothing of the spread"
        reasons = filter(None, (why, degraded, few))
        return Forecast(metric, asked.better, window_ticks, (), len(runs), "; ".join(reasons))
    windows = tuple(
        band_of([window_value(metric, run[number - 1], run[number]) for run in runs], metric)
        for number in range(1, min(map(len, runs)))
    )
    none = "" if windows else "the runs are shorter than a window"
    few = f"of {len(runs)} runs a band holds nearly anything"
    wide = few if windows and len(runs) < SEEDS_LEAST else ""
    reasons = filter(None, (why, degraded, longer, none, wide))
    return Forecast(metric, asked.better, window_ticks, windows, len(runs), "; ".join(reasons))


def band_of(values: Sequence[float], metric: str) -> Band:
    """Return where one more value lies in 99 of 100 cases."""
    many = len(values)
    mean = math.fsum(values) / many
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in values) / (many - 1))
    reach = T_99[many - 2] * spread * math.sqrt(1 + 1 / many)
    reach = max(reach, least_difference(metric))
    return Band(max(mean - reach, 0.0), mean + reach, mean)


def _seeds_in(seeds: int, seconds: float, run_s: float) -> int:
    return min(seeds, max(SEEDS_LEAST, int(seconds / max(run_s, 1e-9))))


def _less(job: Job, ticks: int, seeds: int) -> str:
    assert job.forecast is not None, "asked for"
    left_out = [
        f"{fewer} of {most} {what}"
        for fewer, most, what in ((seeds, job.seeds, "seeds"), (ticks, job.ticks, "ticks"))
        if fewer < most
    ]
    if not left_out:
        return ""
    return f"{' and '.join(left_out)}: more would take over {job.forecast.seconds:g} s"
