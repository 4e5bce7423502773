"""Whether a world that got into trouble is well again, from its telemetry alone.

Owns: what "in trouble" and "recovered" mean for each problem scenario, and over which ticks. Does
not own: running worlds (`evolution_worlds.py`). Pure, and the same for a world with evolution on
and off; `docs/evolution-recovery.md` gives the reasons in words.

A world is judged by the last third of its horizon, never by its best moment. In all of it the
population must keep itself up: of those who were new, at most IMMIGRANTS_MAX were seeded. A
population that lives on immigrants is a sink, not a population that is well (Pulliam 1988, Sources,
sinks, and population regulation, American Naturalist 132:652-661); so a bound that is set to 0 and
an empty world recover nothing. And the trouble of the scenario must be gone, not just rarer: in
FREE_MIN of the periods at least.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from zones.agents.watcher import Signs, WatcherSettings, read_signs

LIMITS: Final = WatcherSettings()
PERIOD_TICKS: Final = 300
JUDGED_SHARE: Final = 1 / 3
IMMIGRANTS_MAX: Final = 0.05
"""Of all who were new in the judged periods: so many may have been seeded."""
FREE_MIN: Final = 0.95
"""Of the judged periods: so many must be free of the trouble."""
CROWDED_SHARE: Final = 0.95
"""Of max_entities: from here on it is the lack of slots that holds a population, not itself."""
YEAR_TICKS: Final = 36_000
YARDSTICKS: Final = frozenset(("lineage_distance",))
"""Parameters that say what is counted: a world in which one was changed is measured by another."""

Telemetry = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Trial:
    """How a problem scenario is judged.

    Args:
        problem: of the Watcher, the one it must show.
        horizon_ticks: a year: the last third of it holds the depth of winter. In the ice age the
            first winter makes the trouble, so the second is judged.
    """

    scenario: str
    problem: str
    horizon_ticks: int

    @property
    def judged_from(self) -> int:
        """Return the tick after which periods are judged."""
        return self.horizon_ticks - round(self.horizon_ticks * JUDGED_SHARE)


TRIALS: Final = (
    Trial("starving", "starvation", YEAR_TICKS),
    Trial("overcrowded", "overpopulation", YEAR_TICKS),
    Trial("monoculture", "low_diversity", YEAR_TICKS),
    Trial("ice-age", "starvation", 2 * YEAR_TICKS),
)
BY_SCENARIO: Final = {trial.scenario: trial for trial in TRIALS}


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of one world.

    Args:
        troubled_at: tick at which the trouble first showed, 0: never; such a world proves nothing.
        why: what speaks against a recovery, "" where it has recovered.
        immigrants: share of those who were new in the judged periods that was seeded.
        free: share of the judged periods without the trouble.
        least, mean: population in the judged periods.
    """

    recovered: bool
    why: str
    troubled_at: int
    immigrants: float
    free: float
    least: int
    mean: float


def judge(trial: Trial, telemetry: Telemetry, max_entities: int) -> Recovery:
    """Return whether a world is well at its end.

    Args:
        telemetry: fields of all its periods from the first on, oldest first; later ones than the
            horizon are not read.
        max_entities: slots of the world.

    Raises:
        ValueError: telemetry ends before the horizon, or a period is missing.
    """
    told = [each for each in telemetry if each["tick"] <= trial.horizon_ticks]
    _check(trial, told)
    is_troubled = _troubles(trial.problem, told, max_entities)
    troubled = [index for index in range(len(told)) if is_troubled(index)]
    judged = [index for index, each in enumerate(told) if each["tick"] > trial.judged_from]
    counts = [int(told[index]["entity_count"]) for index in judged]
    seeded = sum(told[index]["seeded_last_period"] for index in judged)
    born = sum(told[index]["births_last_period"] for index in judged)
    immigrants = seeded / (seeded + born) if seeded + born else 0.0
    free = 1.0 - len(set(troubled) & set(judged)) / len(judged)
    why = ""
    if min(counts) == 0 or not born:
        why = "died out" if min(counts) == 0 else "nobody was born"
    elif immigrants > IMMIGRANTS_MAX:
        why = f"{immigrants:.0%} of the new were seeded"
    elif free < FREE_MIN:
        why = f"{trial.problem} in {1 - free:.0%} of the periods"
    return Recovery(
        recovered=bool(troubled) and not why,
        why=why if troubled else "never in trouble",
        troubled_at=int(told[troubled[0]]["tick"]) if troubled else 0,
        immigrants=immigrants,
        free=free,
        least=min(counts),
        mean=sum(counts) / len(counts),
    )


def hold_yardsticks(found: Recovery, changed: Iterable[str]) -> Recovery:
    """Return what was found, as no recovery where what is counted by was changed.

    Args:
        changed: names of parameters that evolution has set.
    """
    moved = sorted(YARDSTICKS.intersection(changed))
    if not moved:
        return found
    return replace(found, recovered=False, why=f"{', '.join(moved)} was changed")


def _check(trial: Trial, told: Telemetry) -> None:
    ticks = [int(each["tick"]) for each in told]
    expected = list(range(PERIOD_TICKS, trial.horizon_ticks + 1, PERIOD_TICKS))
    if ticks != expected:
        missing = sorted(set(expected) - set(ticks))
        raise ValueError(f"cannot judge: periods that end at ticks {missing[:5]} are not told")


def _troubles(problem: str, told: Telemetry, max_entities: int) -> Callable[[int], bool]:
    """Return what says of a period, by its place in `told`, whether the world is in trouble."""

    def starving(index: int) -> bool:
        return _signs(told, index).starved > LIMITS.anomaly_death_threshold

    def crowded(index: int) -> bool:
        # Each period by itself: who stands at the bound every other period is held by it.
        if told[index]["entity_count"] >= CROWDED_SHARE * max_entities:
            return True
        return _signs(told, index).growth > LIMITS.anomaly_overpop_threshold

    def uniform(index: int) -> bool:
        return bool(told[index]["lineage_diversity"] < LIMITS.anomaly_diversity_threshold)

    return {"starvation": starving, "overpopulation": crowded, "low_diversity": uniform}[problem]


def _signs(told: Telemetry, index: int) -> Signs:
    return read_signs(told[max(index - LIMITS.compared, 0) : index + 1], LIMITS.compared)
