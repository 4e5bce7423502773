"""Decide the order of an orderly stop: worlds first, a last snapshot, services, zygotes.

Owns: the stages and when one has taken too long. Does not own: telling processes to leave.
Pure.
"""

from dataclasses import dataclass
from enum import IntEnum


class Stage(IntEnum):
    """Stages in order; a stage is left when nothing of it is pending, or it is overdue."""

    WORLDS = 0  # arena zones leave at a tick boundary
    SNAPSHOT = 1  # the archive takes a last snapshot
    SERVICES = 2  # bus zones leave
    ZYGOTES = 3
    DONE = 4


SHARE = {Stage.WORLDS: 0.2, Stage.SNAPSHOT: 0.5, Stage.SERVICES: 0.2, Stage.ZYGOTES: 0.1}
"""What part of the whole time one stage may take before its processes are killed."""


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
