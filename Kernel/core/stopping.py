"""Decide the order of an orderly stop: worlds, a last snapshot, services, the archive, zygotes.

Owns: the stages, when one has taken too long, what a stop tells of itself while it goes on and
when it is over. Does not own: telling processes to leave (`zone_stop.py`), the words for people
(`Kernel/console/screen_words.py`). Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Stage(IntEnum):
    """Stages in order; a stage is left when nothing of it is pending, or it is overdue."""

    WORLDS = 0  # arena zones leave at a tick boundary
    SNAPSHOT = 1  # chronos takes a last snapshot
    SERVICES = 2  # bus zones leave
    ARCHIVE = 3  # so does the archive, when nobody else has anything to say any more
    ZYGOTES = 4
    DONE = 5


SHARE = {
    Stage.WORLDS: 0.2,
    Stage.SNAPSHOT: 0.45,
    Stage.SERVICES: 0.1,
    Stage.ARCHIVE: 0.15,
    Stage.ZYGOTES: 0.1,
}
"""What part of the whole time one stage may take before its processes are killed."""

DOING = {
    Stage.WORLDS: "leaving at a tick boundary",
    Stage.SNAPSHOT: "saving a last snapshot",
    Stage.SERVICES: "draining",
    Stage.ARCHIVE: "storing the last events",
    Stage.ZYGOTES: "ending",
    Stage.DONE: "stopped",
}
"""What whoever holds a stop up is doing."""
THEN = dict.fromkeys(Stage, "it is killed") | {
    Stage.SNAPSHOT: "it is given up",
}
"""What happens to it when its time is over."""


@dataclass(frozen=True, slots=True)
class HoldUp:
    """Who holds a stop up, what it is doing, and what happens in how many seconds.

    Args:
        then: what happens when they are over, as in "2 s until ...".
    """

    zone: str
    doing: str
    left_s: float
    then: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A zone whose processes have all left, and how long after the stop began."""

    zone: str
    took_s: float
    killed: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an orderly stop came to.

    Args:
        snapshots: the tick of the last snapshot of each arena that one was taken of.
        why_none: why there is none of an arena, "" where nothing went wrong.
        killed_worlds, killed_services: zones that did not leave in time.
    """

    snapshots: Mapping[str, int]
    why_none: str
    killed_worlds: tuple[str, ...] = ()
    killed_services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a stop is, and since when. Seconds."""

    stage: Stage
    since_s: float
    deadline_s: float


def advance(stop: Stop, pending: dict[Stage, int], now_s: float) -> tuple[Stop, bool]:
    """Return where the stop is now, and whether what is left of its stage must be killed.

    Args:
        pending: how much each stage still waits for; stages missing wait for nothing.
    """
    while stop.stage is not Stage.DONE and not pending.get(stop.stage, 0):
        stop = Stop(Stage(stop.stage + 1), now_s, stop.deadline_s)
    if stop.stage is Stage.DONE:
        return stop, False
    return stop, now_s - stop.since_s > stop.deadline_s * SHARE[stop.stage]


def left_s(stop: Stop, now_s: float) -> float:
    """Return the seconds until what is left of the present stage is killed."""
    if stop.stage is Stage.DONE:
        return 0.0
    return max(0.0, stop.since_s + stop.deadline_s * SHARE[stop.stage] - now_s)
