"""Decide which step is taken against who strains the machine: up soon, down only after calm.

Owns: the order of the steps, when the next one follows, when one is taken back. Does not own: what
a strain is (`resource_governor.py`, `overload.py`), carrying a step out (`zone_governor.py`,
`governor.py`).
Pure. Model: the hysteresis of Linux's reclaim watermarks and of systemd-oomd: a limit is acted on
when it has been passed for a while, and what was done holds until it has been quiet for longer.
Who strains again soon after he was eased, and in the same way, goes back to where he was at once,
and has to be quiet twice as long as before: so one that hogs is held nearly all the time and the
trials of letting it go are short.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from Kernel.contract.step_words import DONE

CALM_FACTOR_MAX: Final = 8
"""Calm is asked for so many times as long at most, however often one has strained again."""


class Step(IntEnum):
    """What is done about who strains, the mildest first."""

    NONE = 0
    WARN = 1
    THROTTLE = 2
    PAUSE = 3
    RESTART = 4
    KILL = 5

    @property
    def word(self) -> str:
        """Its name in configuration, events and status."""
        return self.name.lower()

    @property
    def done(self) -> str:
        """What was done to whom it was taken against, for people."""
        return DONE[self.word]


WORDS: Final = {step.word: step for step in Step}


@dataclass(frozen=True, slots=True)
class Strain:
    """Something of which more is taken than should be, or nearly so.

    Args:
        what: the key of the limit, or a name of the machine's trouble.
        value, limit: in the unit of the key.
        why: for people; the same as long as it is the same trouble.
        at_once: the step that is taken without waiting.
        top: the highest that it can lead to, by and by.
        over: beyond the limit; else only near to it, which leads to nothing but a warning and does
            not hold a step that was taken.
        hint: a command that helps.
    """

    what: str
    value: float
    limit: float
    why: str
    at_once: Step = Step.WARN
    top: Step = Step.WARN
    over: bool = False
    hint: str = "molt doctor cage"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast steps follow each other. Seconds.

    Args:
        step_up_s: a strain must have lasted so long at a step before the next one.
        calm_s: nothing may have strained for so long before a step is taken back.
    """

    step_up_s: float = 5.0
    calm_s: float = 30.0

    @property
    def relapse_s(self) -> float:
        """Who strains again within so long after he was eased has only been quiet, not mended."""
        return CALM_FACTOR_MAX * self.calm_s


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one stands. Times are monotonic seconds.

    Args:
        since_s: since when this step holds.
        calm_from_s: since when nothing strains, None while something does.
        peak: the highest step since it was last let alone for long.
        peak_of: what had led to it.
        eased_s: when a step was last taken back, None for never.
        relapses: how often it has strained again since.
    """

    step: Step = Step.NONE
    since_s: float = 0.0
    calm_from_s: float | None = None
    peak: Step = Step.NONE
    peak_of: str = ""
    eased_s: float | None = None
    relapses: int = 0


def advance(
    standing: Standing,
    strains: Sequence[Strain],
    allowed: Collection[Step],
    pace: Pace,
    now_s: float,
) -> Standing:
    """Return the standing after one look.

    Args:
        strains: what was found, in any order.
        allowed: the steps that may be taken; none of the others ever is, and one that was taken
            while it was allowed is taken back at once.
    """
    if standing.step not in (*allowed, Step.NONE):
        standing = replace(standing, step=_highest(allowed, standing.step), since_s=now_s)
    over = [each for each in strains if each.over]
    if over:
        return _press(standing, over, allowed, pace, now_s)
    floor = Step.WARN if strains and Step.WARN in allowed else Step.NONE
    if standing.step <= floor:
        raised = replace(standing, step=floor, since_s=now_s)
        return _forget(standing if standing.step is floor else raised, pace, now_s)
    return _ease(standing, floor, allowed, pace, now_s)


def _press(
    standing: Standing,
    over: Sequence[Strain],
    allowed: Collection[Step],
    pace: Pace,
    now_s: float,
) -> Standing:
    at_once = _highest(allowed, max(each.at_once for each in over))
    top = max(_highest(allowed, max(each.top for each in over)), at_once)
    relapsed = (
        standing.eased_s is not None
        and now_s - standing.eased_s < pace.relapse_s
        and standing.step < min(standing.peak, top)
        and any(each.what == standing.peak_of for each in over)
    )
    if relapsed:
        at_once = max(at_once, min(standing.peak, top))
        standing = replace(standing, relapses=standing.relapses + 1)
    standing = replace(standing, calm_from_s=None)
    of = max(over, key=lambda each: (each.at_once, each.top)).what
    if at_once > standing.step:
        return _stand(standing, at_once, of, now_s)
    if standing.step < top and now_s - standing.since_s >= pace.step_up_s:
        return _stand(standing, min(_above(allowed, standing.step), top), of, now_s)
    return standing


def _ease(
    standing: Standing, floor: Step, allowed: Collection[Step], pace: Pace, now_s: float
) -> Standing:
    if standing.calm_from_s is None:
        return replace(standing, calm_from_s=now_s)
    factor = min(2**standing.relapses, CALM_FACTOR_MAX)
    if now_s - standing.calm_from_s < pace.calm_s * factor:
        return standing
    if standing.step >= Step.RESTART:  # an act, wanted no more; nothing below it was ever held
        step = floor
    else:
        step = max(_highest(allowed, Step(standing.step - 1)), floor)
    return replace(standing, step=step, since_s=now_s, calm_from_s=now_s, eased_s=now_s)


def _forget(standing: Standing, pace: Pace, now_s: float) -> Standing:
    """Forget the peak of one that has been well for long."""
    eased_s = standing.eased_s
    if eased_s is None or now_s - eased_s < pace.relapse_s:
        return standing
    return replace(standing, peak=standing.step, eased_s=None, relapses=0)


def _stand(standing: Standing, step: Step, of: str, now_s: float) -> Standing:
    if step > standing.peak:
        standing = replace(standing, peak=step, peak_of=of)
    return replace(standing, step=step, since_s=now_s)


def _highest(allowed: Collection[Step], at_most: Step) -> Step:
    return max((step for step in allowed if step <= at_most), default=Step.NONE)


def _above(allowed: Collection[Step], step: Step) -> Step:
    return min((each for each in allowed if each > step), default=step)
