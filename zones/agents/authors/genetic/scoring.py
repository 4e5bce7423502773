"""What a trial's outcome is worth to a plan, and whether it is more than chance.

Owns: the goal that a plan means, the score candidates are ranked by, the proof a draft needs. Does
not own: trials (`Lab`), which candidates there are (`search.py`). Pure.

Ranking needs no proof: of few seeds a candidate's own interval is as random as its mean, so means
are set against the spread that all candidates of a batch have shown. Proof is asked of the few
best alone, on more seeds: a 99.5 % interval that leaves zero out. 95 % would not do: the best of
twenty was picked for being lucky on some of the seeds that it is proven on, and two are tried.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zones.agents.thoughts import Better, Outcome

T_95: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179,
               2.160, 2.145, 2.131)  # fmt: skip
T_995: Final = (127.321, 14.089, 7.453, 5.598, 4.773, 4.317, 4.029, 3.833, 3.690, 3.581, 3.497,
                3.428, 3.372, 3.326, 3.286)  # fmt: skip
"""Student's t, both sides, by degrees of freedom from 1 on; beyond the last one it is taken."""
WORTH: Final = 0.02
"""Of the control: an effect that is smaller helps nobody, however sure it is."""
BEARABLE: Final = 0.1
"""Of the control: so much worse may what is not promised surely get."""
LEFT_MIN: Final = 0.4
"""Of the control: so much must be left of who live or are born where fewer of them are wanted."""
BORN_MIN: Final = 0.02
"""Of the control: so many must be born at least. While a crowd shrinks a tenth is common; if none
is born any more there is soon nobody but those that the world puts in itself."""
FAULTS_MAX: Final = 0.02
"""Share of calls with a fault that a draft may have had."""
FLOOR: Final = 0.01
"""Of the control: spreads below it are the grain of small counts, not certainty."""
_OF_FAULTS: Final = 20.0
_OF_FUEL: Final = 0.05
_OF_BESIDE: Final = 0.3
_BESIDE_MAX: Final = 4.0
_OF_SIZE: Final = 0.02


OF_ALL: Final = frozenset(("population", "mean_population", "births"))
"""Metrics that say how many there are."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a candidate is to bring about.

    Args:
        hold: metrics that must not get worse, each with what is better. That they get better
            counts a little: over a short time a population stands still while it starves less.
        mind: metrics that count in the ranking likewise, and speak against no proof.
    """

    metric: str
    better: Better
    hold: tuple[tuple[str, Better], ...] = ()
    mind: tuple[tuple[str, Better], ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of an effect.

    Args:
        low, high: 99.5 % interval.
    """

    mean: float
    low: float
    high: float
    control: float
    seeds: int

    def say(self, metric: str) -> str:
        """Return it for people."""
        return (
            f"{metric} {self.mean:+.3g} (99.5 % interval {self.low:+.3g} to {self.high:+.3g}, "
            f"{self.seeds} seeds; {self.control:.3g} without it)"
        )

    @property
    def confidence(self) -> float:
        """How sure it is, 0 to 1: the wider the interval beside the effect, the less."""
        reach = (self.high - self.low) / 2
        return round(max(0.0, 0.95 - 0.45 * min(reach / max(abs(self.mean), 1e-9), 1.0)), 2)


def goal_of(metric: str, better: Better) -> Goal:
    """Return the goal behind a promise: what else must not suffer for it.

    A world that dies by collisions starves no more, one without births has more to eat: so a
    promise alone would be kept by traits that nobody wants.
    """
    if better == "less" and metric in OF_ALL:
        # Not deaths: what shrinks has more of them for a while. But who kills makes room for
        # births, and who bears fewer children does not. Not starvation: of few who starve the
        # share is larger where fewer live.
        hold: tuple[tuple[str, Better], ...] = (("births", "less"),)
        if metric == "births":
            hold = (("mean_population", "less"),)
        return Goal(metric, better, hold, (("collided", "less"), ("starvation", "less")))
    hold = (("mean_population", "more"),)
    if metric == "births":
        hold = (("starvation", "less"), ("deaths", "less"))
    elif metric in ("population", "mean_population", "lineages"):
        hold = (("starvation", "less"),)
    elif metric in ("starved", "starvation"):
        hold = (("mean_population", "more"), ("deaths", "less"))
    # Who is fast collides, and the more so the more there are in time.
    return Goal(metric, better, hold, () if metric == "collided" else (("collided", "less"),))


def spread(outcomes: Sequence[Outcome], metric: str, seeds: int) -> float:
    """Return the standard deviation between seeds of an effect, as a batch has shown it."""
    found, controls, means = [], [0.0], [0.0]
    for outcome in outcomes:
        effect = outcome.effects.get(metric)
        if effect is None or outcome.unchanged:
            continue
        low, high = effect["low"], effect["high"]
        controls.append(abs(effect["control"] or 0.0))
        means.append(abs(effect["mean"] or 0.0))
        if low is not None and high is not None and high > low:
            found.append((high - low) / 2 / _t(T_95, seeds) * math.sqrt(seeds))
    shown = statistics.median(found) if found else statistics.median(means)
    return max(shown, FLOOR * max(controls), 1e-6)


def score(outcome: Outcome, goal: Goal, spreads: dict[str, float], size: int) -> float:
    """Return what a candidate is worth beside others of its batch; -inf: nothing.

    Args:
        spreads: by metric, see `spread`.
        size: parts of its tree.
    """
    effect = outcome.effects.get(goal.metric)
    if not outcome.accepted or effect is None or _leaves_too_few(outcome, goal):
        return -math.inf
    worth = _signed(effect["mean"], goal.better) / spreads[goal.metric]
    for metric, better in (*goal.hold, *goal.mind):
        if metric in outcome.effects:
            beside = _signed(outcome.effects[metric]["mean"], better) / spreads[metric]
            worth += min(beside, 0.0) + min(max(beside, 0.0), _BESIDE_MAX) * _OF_BESIDE
    faulty = outcome.faults / max(outcome.calls, 1)
    fuel = math.log2(1.0 + max(outcome.fuel_per_call, 0.0))
    return worth - _OF_FAULTS * faulty - _OF_FUEL * fuel - _OF_SIZE * size


def scores(
    outcomes: Sequence[Outcome], goal: Goal, seeds: int, sizes: Sequence[int]
) -> list[float]:
    """Return the score of each outcome of a batch."""
    metrics = (goal.metric, *(metric for metric, _ in (*goal.hold, *goal.mind)))
    spreads = {metric: spread(outcomes, metric, seeds) for metric in metrics}
    return [
        score(outcome, goal, spreads, size) for outcome, size in zip(outcomes, sizes, strict=True)
    ]


def proof_of(outcome: Outcome, goal: Goal, seeds: int) -> Proof | str:
    """Return the proof that something does what is promised, or why there is none."""
    effect = outcome.effects.get(goal.metric)
    if not outcome.accepted:
        return outcome.reason
    if outcome.unchanged:
        return "it changes nothing"
    if outcome.faults > FAULTS_MAX * max(outcome.calls, 1):
        return f"{outcome.faults} of {outcome.calls} calls failed, the limit is {FAULTS_MAX:.0%}"
    if effect is None:
        return f"nothing is known of {goal.metric}"
    mean, low, high = effect["mean"], effect["low"], effect["high"]
    if mean is None or low is None or high is None:
        return f"{goal.metric} has no interval"
    control = effect["control"] or 0.0
    reach = (high - low) / 2 * _t(T_995, seeds) / _t(T_95, seeds)
    proof = Proof(mean, mean - reach, mean + reach, control, seeds)
    is_clear = proof.low > 0 if goal.better == "more" else proof.high < 0
    if not is_clear:
        return f"no proof of {goal.better} {goal.metric}: {proof.say(goal.metric)}"
    if too_few := _leaves_too_few(outcome, goal):
        return f"{too_few}: {proof.say(goal.metric)}"
    if abs(mean) < WORTH * abs(control):
        return f"an effect under {WORTH:.0%} helps nobody: {proof.say(goal.metric)}"
    return _what_suffers(outcome, goal) or proof


def _leaves_too_few(outcome: Outcome, goal: Goal) -> str:
    """Return what is hardly left where fewer are wanted, "" where enough is."""
    if goal.better == "more" or goal.metric not in OF_ALL:
        return ""
    for metric, least in ((goal.metric, LEFT_MIN), ("births", BORN_MIN)):
        effect = outcome.effects.get(metric)
        if effect is None:
            continue
        mean, control = effect["mean"] or 0.0, effect["control"] or 0.0
        if control + mean < least * control:
            return f"it leaves less than {least:.0%} of {metric}"
    return ""


def _what_suffers(outcome: Outcome, goal: Goal) -> str:
    """Return what must not suffer and surely does, "" where nothing does."""
    for metric, better in goal.hold:
        effect = outcome.effects.get(metric)
        if effect is None:
            continue
        low, high = effect["low"], effect["high"]
        told = f"{metric} gets worse: {effect['mean'] or 0.0:+.3g}"
        if low is None or high is None:
            suffers = _signed(effect["mean"], better) < 0
        else:
            bearable = BEARABLE * abs(effect["control"] or 0.0)
            suffers = high < -bearable if better == "more" else low > bearable
            told += f" (95 % interval {low:+.3g} to {high:+.3g})"
        if suffers:
            return f"{told}, of {effect['control'] or 0.0:.3g}"
    return ""


def _signed(mean: float | None, better: Better) -> float:
    value = mean or 0.0
    return value if better == "more" else -value


def _t(table: Sequence[float], seeds: int) -> float:
    assert seeds >= 2, "one pair has no spread"
    return table[min(seeds - 2, len(table) - 1)]
