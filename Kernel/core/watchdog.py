"""Decide whether something that should move is hung, or only gets no processor time.

Owns: since when a progress word has not changed, when to look again, and the verdict in each mode.
Does not own: reading words and loads, dumping stacks, ending anybody (`zone_watch.py`).
Pure. A process that waits for a processor more than half of the time it is watched (run delay,
Linux `Documentation/scheduler/sched-stats.rst`) is starved: it gets one deadline more, then it is
hung whatever the reason, since a world that stands still that long has to be taken over anyway.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from Kernel.ports.meters import Load

STARVED_SHARE = 0.5
"""Share of the time watched that a process must have waited for a processor to be starved."""
LOOK_SHARE = 0.4
"""A watched zone is looked at this often in a deadline: who sleeps longer himself cannot judge."""


class Mode(StrEnum):
    """What the watchdog does about a zone that stands still."""

    PASSIVE = "passive"
    """It is recorded and shown; nobody is ended."""
    ACTIVE = "active"
    """A hung process is ended; one that got no processor time is given one deadline more."""
    STRICT = "strict"
    """The first missed deadline ends the process, starved or not."""


class Verdict(StrEnum):
    """What is to be thought of a zone at this moment."""

    FINE = "fine"
    MEASURE = "measure"
    """It has stood still for long enough that its load should be noted, to judge by later."""
    STARVED = "starved"
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen last.

    Args:
        since_s: when it last moved, monotonic seconds.
        baseline: the load noted at `noted_s`, None while it was not needed.
        extended: it was found starved, and has one deadline more.
        told: in passive mode, that it is hung was recorded.
    """

    progress: tuple[int, ...] = ()
    since_s: float = 0.0
    baseline: Load | None = None
    noted_s: float = 0.0
    extended: bool = False
    told: bool = False


def observe(watch: Watch, progress: tuple[int, ...], moved_s: float) -> Watch:
    """Return the watch after looking once; `moved_s` is when it moved, if it has."""
    return watch if progress == watch.progress else Watch(progress, moved_s)


def note(watch: Watch, load: Load | None, now_s: float) -> Watch:
    """Return the watch with a load to judge by later."""
    return replace(watch, baseline=load or Load(0, 0), noted_s=now_s)


def extend(watch: Watch, load: Load | None, now_s: float) -> Watch:
    """Return the watch of one that was found starved."""
    return replace(note(watch, load, now_s), extended=True)


def tell(watch: Watch) -> Watch:
    """Return the watch of one that is known to be hung and left alone."""
    return replace(watch, told=True)


def limit_s(watch: Watch, deadline_s: float) -> float:
    """Return for how long it may stand still."""
    return deadline_s * (2 if watch.extended else 1)


def judge(watch: Watch, deadline_s: float, mode: Mode, load: Load | None, now_s: float) -> Verdict:
    """Return the verdict on one that is watched.

    Args:
        load: as it is now; None where the machine does not tell, which nobody is excused by.
    """
    still_s = now_s - watch.since_s
    if still_s <= limit_s(watch, deadline_s):
        wants = watch.baseline is None and still_s >= deadline_s * LOOK_SHARE
        return Verdict.MEASURE if wants else Verdict.FINE
    if mode is Mode.STRICT or watch.extended or load is None or watch.baseline is None:
        return Verdict.HUNG
    waited_s = (load.waited_ns - watch.baseline.waited_ns) / 1e9
    starved = waited_s >= STARVED_SHARE * (now_s - watch.noted_s)
    return Verdict.STARVED if starved else Verdict.HUNG


def next_look_s(watch: Watch, deadline_s: float, now_s: float) -> float:
    """Return when to look again at the latest, monotonic seconds."""
    return min(now_s + deadline_s * LOOK_SHARE, watch.since_s + limit_s(watch, deadline_s))
