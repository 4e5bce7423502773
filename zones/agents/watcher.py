"""The Watcher: which problem a world has, from its telemetry.

Owns: the rules and thresholds of the three problems. Does not own: reading telemetry, nor what is
done about a problem (cooldown, plan and code are other agents'). Pure.

Two problems have a lasting form that their first rule cannot see. A famine ends in a few who are
seeded and starve one by one: then many of the new are seeded. A boom ends at max_entities, where
nothing grows any more: then there is no slot left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from Kernel.contract.errors import CodecError

ProblemType = Literal["starvation", "overpopulation", "low_diversity"]
Severity = Literal["low", "medium", "high", "critical"]

_SEVERITIES: Final[tuple[tuple[float, Severity], ...]] = (
    (2.0, "critical"),
    (1.5, "high"),
    (1.2, "medium"),
    (0.0, "low"),
)
"""How many times worse than its threshold a problem of each severity is at least."""


@dataclass(frozen=True, slots=True)
class WatcherSettings:
    """When something counts as a problem.

    Args:
        anomaly_death_threshold: share of those at risk that starve in a period of telemetry, in
            the mean over the newest period and those it is compared with. The newest alone would
            not do: a common winter takes more than 0.30 in its worst period on most seeds, while
            no winter keeps that up (`docs/ecology.md` gives the figures).
        anomaly_overpop_threshold: population over its mean in the periods before.
        anomaly_diversity_threshold: effective number of lineages, 1 / sum of squared shares;
            fewer are a problem. 2 is what two equal lineages have. A rule for the largest share
            is not needed beside it: a lineage of 0.9 leaves at most 1.24.
        compared: periods before the newest that it is compared with; fewer when there are fewer.
        anomaly_seeded_threshold: share of the new that were seeded, over all periods compared, in
            a world most of whose dead have starved; the default world never seeds anybody.
        anomaly_crowded_threshold: population over max_entities, in the mean over all periods
            compared; the default world never has more than 0.6.
    """

    anomaly_death_threshold: float = 0.30
    anomaly_overpop_threshold: float = 2.0
    anomaly_diversity_threshold: float = 2.0
    compared: int = 5
    anomaly_seeded_threshold: float = 0.1
    anomaly_crowded_threshold: float = 0.95

    def __post_init__(self) -> None:
        """Refuse limits that no world can be on both sides of."""
        assert 0 < self.anomaly_death_threshold < 1, "a share"
        assert self.anomaly_overpop_threshold > 1, "growth"
        assert 0 < self.anomaly_seeded_threshold < 1, "a share"
        assert 0 < self.anomaly_crowded_threshold < 1, "a share"
        assert self.anomaly_diversity_threshold > 1, "one lineage is the least there is"
        assert self.compared >= 1, "growth needs a period before"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a world at the newest of its snapshots.

    Args:
        value: what was found, in the unit of `threshold`; of two rules, that which is farther off.
        affected_entities: how many live with it.
    """

    problem_type: ProblemType
    severity: Severity
    value: float
    threshold: float
    tick: int
    affected_entities: int


@dataclass(frozen=True, slots=True)
class Signs:
    """What the rules compare with their thresholds.

    Args:
        starved: share of those at risk, mean over the periods.
        growth: population over its mean in the periods before; 1 when there is none before.
        lineages: effective number.
        seeded: share of the new over the periods, 0 where fewer than half of the dead starved.
        crowded: share of the slots in use, mean over the periods; 0 where that is not told.
    """

    starved: float
    growth: float
    lineages: float
    seeded: float = 0.0
    crowded: float = 0.0


def detect_problems(
    snapshots: Sequence[Mapping[str, Any]], settings: WatcherSettings | None = None
) -> tuple[Problem, ...]:
    """Return the problems a world has at its newest snapshot, in the order of `ProblemType`.

    Args:
        snapshots: fields of `telemetry`, oldest first; older ones than are compared are not read.
            Without any, or with nobody alive, there is no diversity that could be low.

    Raises:
        CodecError: a snapshot lacks a field.
    """
    limits = settings or WatcherSettings()
    if not snapshots:
        return ()
    signs = read_signs(snapshots, limits.compared)
    tick, living = _number(snapshots[-1], "tick"), _number(snapshots[-1], "entity_count")
    starvation = _worse(
        (signs.starved, limits.anomaly_death_threshold),
        (signs.seeded, limits.anomaly_seeded_threshold),
    )
    overpopulation = _worse(
        (signs.growth, limits.anomaly_overpop_threshold),
        (signs.crowded, limits.anomaly_crowded_threshold),
    )
    judged: list[tuple[ProblemType, float, float, float]] = [
        ("starvation", *starvation, starvation[0] / starvation[1]),
        ("overpopulation", *overpopulation, overpopulation[0] / overpopulation[1]),
    ]
    if living:
        judged.append(
            (
                "low_diversity",
                signs.lineages,
                limits.anomaly_diversity_threshold,
                limits.anomaly_diversity_threshold / max(signs.lineages, 1.0),
            )
        )
    return tuple(
        Problem(kind, _severity(excess), value, threshold, int(tick), int(living))
        for kind, value, threshold, excess in judged
        if excess > 1.0
    )


def read_signs(snapshots: Sequence[Mapping[str, Any]], compared: int) -> Signs:
    """Return what the newest snapshot and `compared` before it come to.

    Args:
        snapshots: at least one, oldest first.

    Raises:
        CodecError: a snapshot lacks a field.
    """
    assert snapshots, "signs of nothing"
    recent = snapshots[-compared - 1 :]
    living = _number(recent[-1], "entity_count")
    before = [_number(snapshot, "entity_count") for snapshot in recent[:-1]]
    return Signs(
        starved=sum(_share_starved(snapshot) for snapshot in recent) / len(recent),
        # A world that was empty counts as one: nothing grows from nobody without being seeded.
        growth=living / max(sum(before) / len(before), 1.0) if before else 1.0,
        lineages=_number(recent[-1], "lineage_diversity"),
        seeded=_share_seeded(recent),
        crowded=_share_of_slots(recent),
    )


def _worse(*rules: tuple[float, float]) -> tuple[float, float]:
    """Return the value and threshold of the rule that is farther beyond its threshold."""
    return max(rules, key=lambda rule: rule[0] / rule[1])


def _share_starved(snapshot: Mapping[str, Any]) -> float:
    """Return who starved in a period over all who lived in it, the dead of it counted."""
    at_risk = _number(snapshot, "entity_count") + _number(snapshot, "deaths_last_period")
    return _number(snapshot, "death_starvation") / at_risk if at_risk else 0.0


def _share_seeded(recent: Sequence[Mapping[str, Any]]) -> float:
    """Return the share of the new that were seeded, 0 where most of the dead have not starved."""
    seeded, born, dead, starved = (
        sum(_number(snapshot, name) for snapshot in recent)
        for name in (
            "seeded_last_period", "births_last_period", "deaths_last_period", "death_starvation",
        )
    )  # fmt: skip
    return seeded / (seeded + born) if seeded and 2 * starved >= dead > 0 else 0.0


def _share_of_slots(recent: Sequence[Mapping[str, Any]]) -> float:
    """Return population over slots, mean of the periods; a log of before tells no slots."""
    if not all("max_entities" in snapshot for snapshot in recent):
        return 0.0
    living, slots = (
        sum(_number(snapshot, name) for snapshot in recent)
        for name in ("entity_count", "max_entities")
    )
    return living / slots if slots else 0.0


def _severity(excess: float) -> Severity:
    return next(severity for least, severity in _SEVERITIES if excess >= least)


def _number(snapshot: Mapping[str, Any], name: str) -> float:
    value = snapshot.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise CodecError(f"cannot watch the world: telemetry has {name} {value!r}, not a number")
    return float(value)
