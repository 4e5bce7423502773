"""Decide when meters are read again: often where a limit is near, and never for too much.

Owns: the rule. Does not own: reading (`zone_limits.py`, `governor.py`).
Pure. Reading a zone is some twenty small files. What it took is known afterwards, so the next
reading comes no sooner than that its share of one core allows: on a slow machine, or with many
processes, meters are read more seldom by themselves.
"""

from typing import Final

CALM_S: Final = 2.0
"""Where nothing takes half of what it may."""
USUAL_S: Final = 1.0
FAST_S: Final = 0.25
"""Where something is near its limit, or a step is taken."""
HALF: Final = 0.5
NEAR: Final = 0.9
READERS: Final = 8
"""The share of a core that all reading may take is given to so many; zones of `config/` and the
machine are five."""
LONGEST_S: Final = 10.0
"""It is read after so long, whatever it takes: a limit that nobody looks at is none."""


def next_reading_s(nearness: float, spent_s: float, cost_percent: float, now_s: float) -> float:
    """Return when to read again, monotonic seconds.

    Args:
        nearness: the largest share that is taken of any limit; 1: it is reached.
        spent_s: processor time of the reading that is just over.
        cost_percent: of one core, for all readings together.
    """
    wanted_s = FAST_S if nearness >= NEAR else USUAL_S if nearness >= HALF else CALM_S
    share = cost_percent / 100 / READERS
    return now_s + min(max(wanted_s, spent_s / share), LONGEST_S)
