"""Whether evolution makes worlds well that do not get well alone, and how fast it acts.

Owns: which worlds, the rows and goals. Does not own: running them (`evolution_worlds.py`), what
recovery is (`recovery.py`), speed (`evolution_speed.py`). The same seeds with evolution off and on;
how a world ended is a row of its own, so that a share can be looked into. `--quick`: two seeds, no
ice age. `docs/evolution-recovery.md` has the table of the last full run.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.bench.evolution_speed import measure_speed
from tests.bench.evolution_worlds import Ended, run_off, run_on
from tests.bench.recovery import TRIALS, Trial
from tests.bench.report import CannotMeasure, Goal, Report, Row, at_least, at_most

SEEDS, SEEDS_QUICK = 10, 2
AT_ONCE = 2
"""Kernels beside each other: each has a world, trials and an author."""
GOAL_ON, GOAL_OFF = 0.8, 0.2


def measure(peers: bool, quick: bool) -> Report:
    """Run every problem scenario off and on; no peer evolves its code while it runs."""
    del peers
    seeds = range(1, (SEEDS_QUICK if quick else SEEDS) + 1)
    trials = TRIALS[:3] if quick else TRIALS
    rows: list[Row] = []
    goals: list[Goal] = []
    worlds: list[Row] = []
    for trial in trials:
        off = [run_off(trial, seed) for seed in seeds]
        on = _all_on(trial, list(seeds))
        rows.append(tell_shares(trial, on, off))
        worlds += [tell_world(trial, each) for each in on]
        goals.append(at_least(f"{trial.scenario} on", _share(on), GOAL_ON, "share"))
        goals.append(at_most(f"{trial.scenario} off", _share(off), GOAL_OFF, "share"))
    speed_rows, speed_goals = measure_speed(quick)
    return Report("evolution", [*rows, *worlds, *speed_rows], [*goals, *speed_goals])


def tell_shares(trial: Trial, on: Sequence[Ended], off: Sequence[Ended]) -> Row:
    """Return the row of a scenario."""
    return {
        "scenario": trial.scenario,
        "seeds": len(on),
        "ticks": trial.horizon_ticks,
        "on_share": _share(on),
        "on_share_by_traits_alone": _share([each for each in on if not each.changed_params], on),
        "off_share": _share(off),
        "immigrants_on": _mean(on, lambda each: each.recovery.immigrants),
        "immigrants_off": _mean(off, lambda each: each.recovery.immigrants),
        "population_on": _mean(on, lambda each: each.recovery.mean),
        "population_off": _mean(off, lambda each: each.recovery.mean),
    }


def tell_world(trial: Trial, ended: Ended) -> Row:
    """Return the row of one world that evolved."""
    story = ended.story
    assert story is not None, "it evolved"
    return {
        "world": f"{trial.scenario} {ended.seed}",
        "recovered": ended.recovery.recovered,
        "why_not": ended.recovery.why,
        "by_params": ended.changed_params,
        "proposed": len(story.mutations),
        "refused": story.count("refused"),
        "kept": story.count("kept"),
        "rolled_back": story.count("rolled_back"),
        "quarantined": story.count("quarantined"),
        "gains_measured": len(story.kept_for_good()),
        "unexplained": len(story.unexplained()),
    }


def _all_on(trial: Trial, seeds: Sequence[int]) -> list[Ended]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return list(pool.map(lambda seed: run_on(trial, seed, _say), seeds))
        except CannotMeasure:
            pool.shutdown(cancel_futures=True)
            raise


def _say(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{words}\x1b[K", end="", file=sys.stderr, flush=True)


def _share(ended: Sequence[Ended], of: Sequence[Ended] | None = None) -> float:
    return round(sum(each.recovery.recovered for each in ended) / len(of or ended), 3)


def _mean(ended: Sequence[Ended], value: Callable[[Ended], float]) -> float:
    return round(sum(map(value, ended)) / len(ended), 3)
