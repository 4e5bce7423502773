"""Decide how zones are given a committed module version, and whether it stays.

Owns: the order (one zone at a time, worlds first), the guard period in ticks, what takes a version
back. Does not own: the stages of a candidate (`passive_update.py`), whether one generation is spent
or condemned (`supervisor.py`, `blame.py`, `ladder.py`), carrying it out (`module_update.py`).
Pure. All zones run one version: the contract between them is part of it. So the first that cannot
takes all of them back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class UpdateRules:
    """What the operator has set.

    Args:
        guard_ticks: of the world, from when all zones run it; a pause does not end it.
        ready_s: how long all of it may take until they do.
        failures_max: so many deaths that count against its processes are too many. A trait may
            have killed two before it is in quarantine, which is not the version's fault.
    """

    guard_ticks: int = 3750
    ready_s: float = 600.0
    failures_max: int = 3


@dataclass(frozen=True, slots=True)
class ZoneView:
    """One zone as the guard sees it.

    Args:
        serves: its generation in charge is of the candidate, and a process of it serves.
        settled: a process serves, and no other generation is being made ready.
        coming: the generation that is being made ready is of the candidate.
        failed: deaths that counted against its generations of the candidate.
        lost: why its generation of the candidate is gone, "" while it is not.
    """

    name: str
    serves: bool = False
    settled: bool = True
    coming: bool = False
    failed: int = 0
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one attempt.

    Args:
        begun_s: when it began, monotonic seconds.
        until_tick: when its guard is over; None: not all zones run it yet.
    """

    begun_s: float
    until_tick: int | None = None


@dataclass(frozen=True, slots=True)
class Give:
    """Begin a generation of the candidate in a zone."""

    zone: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Let the generations before serve again, in every zone."""

    why: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Its guard is over."""


Act = Give | TakeBack | Keep


def decide_guard(
    watch: Watch, zones: Sequence[ZoneView], tick: int | None, rules: UpdateRules, now_s: float
) -> tuple[Watch, Act | None]:
    """Return what is remembered and what is to be done now, if anything.

    Args:
        zones: in the order in which they are given it.
        tick: the newest of the world, None where it is not known just now.
    """
    for zone in zones:
        if zone.lost:
            return watch, TakeBack(f"zone {zone.name}: {zone.lost}")
    failed = sum(zone.failed for zone in zones)
    if failed >= rules.failures_max:
        return watch, TakeBack(f"its processes have failed {failed} times under guard")
    if watch.until_tick is None:
        return _give(watch, zones, tick, rules, now_s)
    if tick is not None and tick >= watch.until_tick and all(zone.serves for zone in zones):
        return watch, Keep()
    return watch, None


def _give(
    watch: Watch, zones: Sequence[ZoneView], tick: int | None, rules: UpdateRules, now_s: float
) -> tuple[Watch, Act | None]:
    lacking = next((zone for zone in zones if not zone.serves), None)
    if lacking is None:
        begins = None if tick is None else tick + rules.guard_ticks
        return replace(watch, until_tick=begins), None
    if now_s >= watch.begun_s + rules.ready_s:
        return watch, TakeBack(
            f"zone {lacking.name} did not run it within {rules.ready_s:g} s of the beginning"
        )
    if lacking.coming or not lacking.settled:
        return watch, None
    return watch, Give(lacking.name)
