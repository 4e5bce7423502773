"""What the runs came to, in numbers, and whether the claims of the report are true.

Owns: every number that `docs/ecology.md` states and every claim it makes. Does not own: how they
are worded (`prose.py`). Pure; what it returns is plain data, for `data.json`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tools.ecology.chronicle import ALIVE, F64, I64, PERIOD_TICKS, Chronicle
from zones.agents.watcher import WatcherSettings, detect_problems, read_signs
from zones.world.columns import GENE_NAMES
from zones.world.parameters import DAY_TICKS, MIN_POPULATION
from zones.world.settings import WorldSettings

LIMITS: Final = WatcherSettings()
SETTLING_TICKS: Final = 10_000
"""Population and diversity count from here: founders do not fit their world yet."""
PINNED_SHARE: Final = 0.01
"""A run pins that spends more of its ticks at a bound of the population."""
RISEN_SHARE: Final = 0.05
"""A lineage has risen that was once a larger share of the population."""
GENE_MARGIN: Final = 0.02
"""A mean gene nearer to 0 or 1 stands at its end."""
COOLDOWN_TICKS: Final = 3750
"""evolution_cooldown, 60 s at 16 ms a tick: a problem that lasts is raised again only after it."""
ALARMS_PER_SEED_MAX: Final = 1.0
"""More false alarms a seed, on the mean, would cry wolf."""
EXPECTED: Final = {
    "starving": "starvation",
    "overcrowded": "overpopulation",
    "monoculture": "low_diversity",
    "ice-age": "starvation",
}
"""The problem that each scenario must show."""


@dataclass(frozen=True, slots=True)
class World:
    """One run: what it was founded with, what it reported, what it told.

    Args:
        report: document of `molt world run --json`.
    """

    scenario: str
    settings: WorldSettings
    report: dict[str, Any]
    chronicle: Chronicle


def measure(world: World) -> dict[str, Any]:
    """Return the numbers of a run of the default world."""
    chronicle, report, settings = world.chronicle, world.report, world.settings
    settled = chronicle.population[min(SETTLING_TICKS, report["tick"]) :]
    least = settings.parameters[MIN_POPULATION]
    at_upper = int(np.count_nonzero(chronicle.population >= settings.max_entities))
    at_lower = int(np.count_nonzero(chronicle.population <= least))
    windows = report["windows"]
    return {
        "seed": settings.seed,
        "hash": report["hash"],
        "population": _spread(settled),
        "day_swing": _day_swing(settled, int(settings.parameters[DAY_TICKS])),
        "ticks_at_upper": at_upper,
        "ticks_at_lower": at_lower,
        "pinned": max(at_upper, at_lower) > PINNED_SHARE * report["tick"],
        "seeded": report["seeded"],
        "births": report["births"],
        "deaths": report["deaths"],
        "births_window_least": min((window["births"] for window in windows), default=0),
        "deaths_window_least": min((window["deaths"] for window in windows), default=0),
        "generations": int(chronicle.generation.max()),
        **_lineages(chronicle),
        "genes_first": _named(chronicle.genes()[0]),
        "genes_last": _named(chronicle.genes()[-1]),
        **_signs(chronicle),
        "problems": _problems(chronicle),
    }


def measure_problem(worlds: Sequence[World]) -> dict[str, Any]:
    """Return the numbers of a problem scenario.

    Args:
        worlds: its runs, at least one. All numbers are of the first, the configured seed; the
            others only tell whether they show the problem, too.
    """
    world = worlds[0]
    chronicle, report, expected = world.chronicle, world.report, EXPECTED[world.scenario]
    return {
        "scenario": world.scenario,
        "ticks": report["tick"],
        "expected": expected,
        "seeds": [run.settings.seed for run in worlds],
        "seeds_shown": [
            run.settings.seed for run in worlds if expected in _problems(run.chronicle)
        ],
        "population": _spread(chronicle.population),
        "seeded": report["seeded"],
        "births": report["births"],
        "deaths": report["deaths"],
        "genes_last": _named(chronicle.genes()[-1]),
        **_signs(chronicle),
        "problems": _problems(chronicle),
    }


def judge(
    seeds: Sequence[dict[str, Any]], problems: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the claims of the report, each as {claim, holds, found}.

    Args:
        seeds: from `measure`, at least one.
        problems: from `measure_problem`.
    """
    births = min(seed["births_window_least"] for seed in seeds)
    deaths = min(seed["deaths_window_least"] for seed in seeds)
    at_bounds = max(seed["ticks_at_upper"] + seed["ticks_at_lower"] for seed in seeds)
    fallen = min(seed["lineages_fallen"] for seed in seeds)
    stuck = [gene for gene in GENE_NAMES if _stands_at_end(gene, seeds)]
    alarms = count_alarms(seeds)
    claims = [
        _claim(
            "Births and deaths are above zero in every window of 10 000 ticks, on every seed",
            births > 0 and deaths > 0,
            f"the fewest in a window are {births} births and {deaths} deaths",
        ),
        _claim(
            f"No seed spends over {PINNED_SHARE:.0%} of its ticks at a bound of the population",
            not any(seed["pinned"] for seed in seeds),
            f"ticks at a bound, the most of a seed: {at_bounds}",
        ),
        _claim(
            f"On every seed lineages rise above {RISEN_SHARE:.0%} and later die out",
            fallen > 0,
            f"at least {fallen} of them on a seed",
        ),
        _claim(
            "No gene stands at an end of its range on all seeds",
            not stuck,
            f"at an end: {', '.join(stuck) or 'none'}",
        ),
        _claim(
            "The Watcher raises at most one false alarm a seed, on the mean",
            alarms <= ALARMS_PER_SEED_MAX * len(seeds),
            f"{alarms} in {len(seeds)} seeds",
        ),
    ]
    for problem in problems:
        kind, name = problem["expected"], problem["scenario"]
        shown = problem["problems"].get(kind)
        most = 2 * len(problem["seeds_shown"]) > len(problem["seeds"])
        claims.append(
            _claim(
                f"The scenario `{name}` shows {kind.replace('_', ' ')}, on most seeds",
                shown is not None and most,
                f"first at tick {shown['tick_first']}; on {len(problem['seeds_shown'])} of "
                f"{len(problem['seeds'])} seeds"
                if shown
                else "never",
            )
        )
    return claims


def count_alarms(seeds: Sequence[dict[str, Any]]) -> int:
    """Return how often the Watcher would raise a problem in runs that should have none."""
    return sum(found["alarms"] for seed in seeds for found in seed["problems"].values())


def signs_over(chronicle: Chronicle, compared: int = LIMITS.compared) -> dict[str, F64]:
    """Return what the Watcher's rules go by at the end of each period, by the name of the sign.

    Args:
        compared: periods before the newest that it is compared with; 0 is the newest alone.
    """
    told = chronicle.telemetry
    signs = [
        read_signs(told[max(end - compared - 1, 0) : end], max(compared, 1))
        for end in range(1, len(told) + 1)
    ]
    return {
        "starved": np.array([sign.starved for sign in signs]),
        "growth": np.array([sign.growth for sign in signs]),
        "lineages": np.array([sign.lineages for sign in signs]),
    }


def _signs(chronicle: Chronicle) -> dict[str, Any]:
    """Return the worst of each sign; and of starvation if each period were judged alone."""
    signs = signs_over(chronicle)
    alone = signs_over(chronicle, 0)["starved"]
    return {
        "starved_most": round(float(signs["starved"].max()), 3),
        "starved_most_alone": round(float(alone.max()), 3),
        "periods_deadly_alone": int(np.count_nonzero(alone > LIMITS.anomaly_death_threshold)),
        "growth_most": round(float(signs["growth"].max()), 2),
        "lineages_effective_least": round(float(signs["lineages"].min()), 2),
    }


def _problems(chronicle: Chronicle) -> dict[str, dict[str, Any]]:
    """Return {problem_type: {tick_first, periods, alarms, worst}} of all seen."""
    seen: dict[str, dict[str, Any]] = {}
    raised: dict[str, int] = {}
    told = chronicle.telemetry
    for end in range(1, len(told) + 1):
        for problem in detect_problems(told[max(end - LIMITS.compared - 1, 0) : end], LIMITS):
            found = seen.setdefault(
                problem.problem_type,
                {"tick_first": problem.tick, "periods": 0, "alarms": 0, "worst": "low"},
            )
            found["periods"] += 1
            if problem.tick - raised.get(problem.problem_type, -COOLDOWN_TICKS) >= COOLDOWN_TICKS:
                found["alarms"] += 1
                raised[problem.problem_type] = problem.tick
            found["worst"] = max(found["worst"], problem.severity, key=_SEVERITIES.index)
    return seen


_SEVERITIES: Final = ("low", "medium", "high", "critical")


def _lineages(chronicle: Chronicle) -> dict[str, Any]:
    sizes = chronicle.sizes[1:]
    highest = (sizes / np.maximum(chronicle.sizes.sum(axis=0), 1)).max(axis=1)
    # A lineage that came and went within one period has no size in any, but had a member.
    alive = np.zeros(len(sizes), bool)
    alive[chronicle.lineage[1:][chronicle.died[1:] == ALIVE] - 1] = True
    risen = highest > RISEN_SHARE
    diversity = chronicle.series("lineage_diversity")
    late = diversity[min(SETTLING_TICKS // PERIOD_TICKS, len(diversity) - 1) :]
    return {
        "lineages": len(sizes),
        "lineages_risen": int(np.count_nonzero(risen)),
        "lineages_fallen": int(np.count_nonzero(risen & ~alive)),
        "lineages_alive": int(np.count_nonzero(alive)),
        "lineages_largest_share": round(float(highest.max()), 3),
        "lineages_effective_mean": round(float(late.mean()), 1),
    }


def _stands_at_end(gene: str, seeds: Sequence[dict[str, Any]]) -> bool:
    means: list[float] = [seed["genes_last"][gene] for seed in seeds]
    return max(means) < GENE_MARGIN or min(means) > 1.0 - GENE_MARGIN


def _spread(population: I64) -> dict[str, Any]:
    return {
        "least": int(population.min()),
        "mean": round(float(population.mean()), 1),
        "most": int(population.max()),
    }


def _day_swing(population: I64, day_ticks: int) -> dict[str, float]:
    """Return the most over the least of a day: of the median day and of the worst."""
    whole = len(population) // day_ticks * day_ticks
    if not whole:
        return {"usual": 1.0, "largest": 1.0}
    days = population[:whole].reshape(-1, day_ticks)
    swing = days.max(axis=1) / np.maximum(days.min(axis=1), 1)
    return {
        "usual": round(float(np.median(swing)), 2),
        "largest": round(float(swing.max()), 2),
    }


def _named(genes: F64) -> dict[str, float]:
    return {name: round(float(value), 3) for name, value in zip(GENE_NAMES, genes, strict=True)}


def _claim(claim: str, holds: bool, found: str) -> dict[str, Any]:
    return {"claim": claim, "holds": holds, "found": found}
