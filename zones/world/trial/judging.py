"""Whether a candidate may go into the world, from how its runs and their controls went.

Owns: the thresholds and the reasons. Does not own: the runs (`runs.py`), what is read of them
(`reading.py`), the effect (`effect.py`), which refuses nobody: whether a trait is any good is for
those to judge who wanted it. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from Kernel.contract.errors import MoltError
from Kernel.contract.trial_effect import Effect
from zones.traits.contract import OK, STATUS_NAMES
from zones.world.engine import PHASES
from zones.world.trait_phase import SLOT_SHIFT
from zones.world.trial.reading import Left
from zones.world.trial.runs import How

FAULTS_SHARE_MAX: Final = 0.5
"""From this share of failing calls on a trait is taken to be wrong, not unlucky: a field that is
misspelt fails in every call, a rare division by zero in a few."""
SLOWER_MIN: Final = 1.25
"""A tick time beyond the budget counts only if it is so many times the control's: two runs side by
side on a shared machine have been seen to differ by a tenth."""

SEEDED_MORE: Final = 2
"""A world may be so poor that it lives on those that it puts in itself: then who of the others is
left at the end is chance, and says something only if so many times as many had to be put in."""


class Undecided(MoltError):
    """The control itself came to no good end: nothing can be said of the candidate."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run.

    Args:
        why: follows "it".
        tick: of the world, the last that it committed; flight: whose code ran when it ended.
        left: what was read; None: nothing that could be.
        signal: that ended it, 0: none did.
        said: the beginning of what it printed.
    """

    how: How
    why: str = ""
    tick: int = 0
    flight: int = 0
    left: Left | None = None
    signal: int = 0
    said: str = ""


class Pair(NamedTuple):
    """A candidate and its control, None: it has none; `factor` times the population they had."""

    candidate: Outcome
    control: Outcome | None
    factor: int = 1


class Judgement(NamedTuple):
    """`rule` and `reason` are "" where nothing speaks against a candidate."""

    rule: str = ""
    reason: str = ""
    status: int = OK  # of the calls that speak against it


def judge(pairs: Sequence[Pair], budget_us: float) -> Judgement:
    """Return what speaks against a candidate, the gravest first.

    Args:
        budget_us: of a tick.

    Raises:
        Undecided: a control has not come to a good end.
    """
    for pair in pairs:
        control = pair.control
        if control is not None and (control.how is not How.DONE or control.left is None):
            raise Undecided(f"cannot judge the trait: the control {control.why}")
    for pair in pairs:
        if pair.candidate.left is None:
            return Judgement(pair.candidate.how.value, _tell_end(pair))
    for find in (_broken, _faulty, _extinct):
        judgement = find(pairs)
        if judgement.rule:
            return judgement
    return _too_slow(pairs, budget_us)


def judge_promise(effects: Sequence[Effect], metric: str, better: str) -> Judgement:
    """Return what speaks against a candidate that is to bring more, or less, of a metric.

    Only where it is sure to do the opposite: what has no clear effect yet is for the guard.
    """
    for each in effects:
        if each.metric == metric and each.clear and each.clear != better:
            return Judgement(
                "promise",
                f"it promises {better} {metric} and brings {each.clear}: {each.mean:+.4g}, "
                f"{each.low:+.4g} to {each.high:+.4g} in 95 % of cases, over {each.pairs} pairs",
            )
    return Judgement()


def place_of(flight: int) -> str:
    """Return whose code ran, from a flight word of a run that may lie."""
    phase, slot = flight & (1 << SLOT_SHIFT) - 1, flight >> SLOT_SHIFT
    name = PHASES[phase] if phase < len(PHASES) else "an unknown phase"
    return f"trait slot {slot}" if 0 < slot < 64 else name


def _tell_end(pair: Pair) -> str:
    run = pair.candidate
    many = f", with {pair.factor} times the population" if pair.factor > 1 else ""
    where = f" in tick {run.tick + 1}, {place_of(run.flight)}" if run.how is not How.LIED else ""
    return f"tried on a copy of the world{many}, it {run.why}{where}"


def lefts(pairs: Sequence[Pair]) -> list[tuple[Left, Left, int]]:
    """Return what candidates and controls have left, where both have; and the factor."""
    return [
        (pair.candidate.left, pair.control.left, pair.factor)
        for pair in pairs
        if pair.candidate.left is not None
        and pair.control is not None
        and pair.control.left is not None
    ]


def _broken(pairs: Sequence[Pair]) -> Judgement:
    for candidate, control, _ in lefts(pairs):
        strange = {check.name for check in control.failed}
        for check in candidate.failed:
            if check.name not in strange:
                told = f"{check.value:g} {check.what}, at most {check.limit:g}"
                return Judgement("invariant", f"with it the world breaks '{check.name}': {told}")
    return Judgement()


def _faulty(pairs: Sequence[Pair]) -> Judgement:
    statuses: dict[int, int] = {}
    for candidate in (pair.candidate.left for pair in pairs):
        for status, many in candidate.statuses.items() if candidate is not None else ():
            statuses[status] = statuses.get(status, 0) + many
    calls, good = sum(statuses.values()), statuses.pop(OK, 0)
    if calls == 0 or (calls - good) / calls < FAULTS_SHARE_MAX:
        return Judgement()
    most = max(statuses, key=lambda status: (statuses[status], status))
    name = STATUS_NAMES.get(most, f"status {most}")
    return Judgement("faults", f"{calls - good} of {calls} calls had a fault: {name}", most)


def _extinct(pairs: Sequence[Pair]) -> Judgement:
    for candidate, control, _ in lefts(pairs):
        if control.extinct or candidate.seeded < SEEDED_MORE * control.seeded:
            continue
        if candidate.extinct:
            return Judgement("extinct", "with it all Molbots died out, without it they did not")
        kept_up = candidate.at_least and candidate.seeded >= candidate.population
        if kept_up and not control.at_least:
            return Judgement(
                "extinct",
                f"with it no more live than the {candidate.population} that the world keeps up by "
                f"putting in new ones, {candidate.seeded} in all; without it {control.population}",
            )
    return Judgement()


def _too_slow(pairs: Sequence[Pair], budget_us: float) -> Judgement:
    for candidate, control, factor in lefts(pairs):
        with_it, without = candidate.tick_us["median"], control.tick_us["median"]
        # A multiple of the world may be too slow by itself; then the control is, too.
        if with_it > budget_us >= without and with_it >= SLOWER_MIN * without:
            many = f" at {factor} times the population" if factor > 1 else ""
            return Judgement(
                "slow",
                f"a tick takes {with_it:.0f} us with it and {without:.0f} us without it{many}; "
                f"the budget is {budget_us:.0f} us",
            )
    return Judgement()
