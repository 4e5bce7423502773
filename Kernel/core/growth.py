"""Decide whether a process that grows is to be replaced before it reaches its limit.

Owns: the points of one process, the slope through them, the rule. Does not own: measuring
(`Kernel/ports/meters.py`), replacing it (`zone_governor.py`), restarts by hours and by mutations
(`soft_restart.py`).
Pure. Only memory that a process has for itself counts: pages of an arena it touches are shared and
come with the population. Growth is a straight line that fits, over the whole window: a cache that
fills up bends, and what goes to and fro has no slope.
Source of the fit: ordinary least squares, with the coefficient of determination r².
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

POINTS_MAX: Final = 60
POINTS_MIN: Final = 20
STEADY: Final = 0.8
"""r² from which on the points lie on a line."""
WHOLE: Final = 0.8
"""Share of the window that the points must span."""
GROWN: Final = 0.05
"""Share of the budget that was added within the window, at least: less is noise."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator has set.

    Args:
        window_s: over which a slope is fitted.
        horizon_s: a process that will have used up its share within so long is replaced.
        share: of the budget of a zone that one process may have for itself.
    """

    window_s: float = 600.0
    horizon_s: float = 3600.0
    share: float = 0.8


@dataclass(frozen=True, slots=True)
class Points:
    """What one process has had of memory, oldest first.

    Args:
        pid: whose; another one begins anew.
        newest: what it had at the last look, of which there may be no point.
        at_s, bytes_: monotonic seconds and memory of its own, one for each point.
    """

    pid: int = 0
    newest: int = 0
    at_s: tuple[float, ...] = field(default=())
    bytes_: tuple[int, ...] = field(default=())


def note(points: Points, pid: int, own_bytes: int, now_s: float, window_s: float) -> Points:
    """Return the points with one more, at most POINTS_MAX of the last `window_s`."""
    if pid != points.pid:
        return Points(pid, own_bytes, (now_s,), (own_bytes,))
    if now_s - points.at_s[-1] < window_s / POINTS_MAX:
        return replace(points, newest=own_bytes)
    first = sum(now_s - each > window_s for each in points.at_s)
    first = max(first, len(points.at_s) + 1 - POINTS_MAX)
    at_s, bytes_ = (*points.at_s[first:], now_s), (*points.bytes_[first:], own_bytes)
    return Points(pid, own_bytes, at_s, bytes_)


def slope(at_s: Sequence[float], values: Sequence[int]) -> tuple[float, float]:
    """Return the slope per second of the line through some points, and its r²; (0, 0) for none."""
    count = len(at_s)
    mid_s, mid = sum(at_s) / max(count, 1), sum(values) / max(count, 1)
    spread = sum((each - mid_s) ** 2 for each in at_s)
    rise = sum((each - mid) ** 2 for each in values)
    if spread <= 0 or rise <= 0:
        return 0.0, 0.0
    together = sum((s - mid_s) * (value - mid) for s, value in zip(at_s, values, strict=True))
    return together / spread, together**2 / (spread * rise)


def why_replaced(points: Points, budget_bytes: int, rules: Rules) -> str:
    """Return why a process is to be replaced, "" while it need not be.

    Args:
        budget_bytes: of its zone; 0: it has none, and nobody is replaced for it.
    """
    if not budget_bytes or not points.at_s:
        return ""
    held, room = points.newest, rules.share * budget_bytes
    if held >= room:
        return f"it has {_mb(held)} MB for itself, {rules.share:.0%} of {_mb(budget_bytes)}"
    spans = points.at_s[-1] - points.at_s[0] >= WHOLE * rules.window_s
    if len(points.at_s) < POINTS_MIN or not spans:
        return ""
    per_s, steady = slope(points.at_s, points.bytes_)
    if steady < STEADY or per_s * rules.window_s < GROWN * budget_bytes:
        return ""
    left_s = (room - held) / per_s
    if left_s > rules.horizon_s:
        return ""
    return (
        f"it grows by {_mb(round(per_s * 3600))} MB an hour and would have {_mb(round(room))} "
        f"in {left_s / 60:.0f} minutes"
    )


def _mb(size: int) -> int:
    return size >> 20
