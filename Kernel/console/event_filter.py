"""Which of the kernel's own events are meant: from when on, and the last so many.

Owns: what a point in time means in the ring. Does not own: the grammar
(`Kernel/contract/event_filter.py`), the ring (`Kernel/core/event_ring.py`). Pure.
"""

from collections.abc import Sequence

from Kernel.contract.event_filter import Filter, Since, passes
from Kernel.core.event_ring import Event, Ring


def includes(since: Since, event: Event, now_s: float) -> bool:
    """Return whether an event is not before a point in time.

    Args:
        now_s: monotonic seconds.
    """
    if since.ago_s is not None:
        return event.at_s >= now_s - since.ago_s
    if since.tick is not None:
        return event.tick is not None and event.tick >= since.tick
    if since.time_s is not None:
        return event.time_s >= since.time_s
    assert since.position is not None, "one of the four is set"
    return event.position >= since.position


def first_position(
    ring: Ring[Event],
    filters: Sequence[Filter],
    since: Since | None,
    last: int | None,
    now_s: float,
) -> int:
    """Return from which position on to read: of those that pass, the last so many.

    Args:
        since: only those not before it; None: all that are kept.
        last: at most so many of those that are there by now; None: all of them.
    """
    fitting = [
        event.position
        for event in ring.read(ring.oldest)
        if (since is None or includes(since, event, now_s)) and passes(event, filters)
    ]
    if last is not None:
        fitting = fitting[-last:] if last else []
    return fitting[0] if fitting else ring.newest + 1
