"""When to take a snapshot, and what to keep.

Owns: these decisions. Does not own: carrying them out (`service.py`).
Pure: no clock, no disk.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from zones.runtime.retry import Retry
from zones.runtime.snapshot_file import SnapshotName


def is_snapshot_due(
    tick: int, last_tick: int | None, interval_ticks: int, retry: Retry, now_s: float
) -> bool:
    """Return whether to take a snapshot of the committed `tick` now.

    Args:
        last_tick: of this arena's newest snapshot, None when it has none: then one is taken at
            once, for without any the recorded inputs lead nowhere.
        retry: of earlier attempts.
    """
    return (last_tick is None or tick - last_tick >= interval_ticks) and retry.may_try(now_s)


class Sweep(NamedTuple):
    """What to delete, and which good snapshots stay for certain."""

    delete: tuple[SnapshotName, ...]
    good: tuple[SnapshotName, ...]


def decide_sweep(
    names: Sequence[SnapshotName],
    arena: str,
    keep: int,
    is_good: Callable[[SnapshotName], bool],
) -> Sweep:
    """Decide which snapshots of a zone to delete so that the newest `keep` good ones stay.

    The living arena's own come first, whatever their ticks: a world founded anew counts from 0
    again, and its snapshots must not lose against those of the world before it. Those of other
    arenas stay (the newest `keep` good ones) until the living one has `keep` good ones itself.
    A damaged one is deleted only when `keep` good newer ones are there: it may be all that is
    left to look at.

    Args:
        names: newest first.
        arena: the living arena, as in the names.
        is_good: verifies one snapshot; asked only where the answer matters, newest first.
    """
    own = [name for name in names if name.arena == arena]
    foreign = [name for name in names if name.arena != arena]
    own_good, own_old = _split(own, keep, is_good)
    if len(own_good) == keep:
        return Sweep((*own_old, *foreign), own_good)
    foreign_good, foreign_old = _split(foreign, keep, is_good)
    return Sweep((*own_old, *foreign_old), (*own_good, *foreign_good))


def _split(
    names: Sequence[SnapshotName], keep: int, is_good: Callable[[SnapshotName], bool]
) -> tuple[tuple[SnapshotName, ...], tuple[SnapshotName, ...]]:
    """Return the newest `keep` good names, and all that are older than the last of these."""
    good: list[SnapshotName] = []
    for index, name in enumerate(names):
        if is_good(name):
            good.append(name)
        if len(good) == keep:
            return tuple(good), tuple(names[index + 1 :])
    return tuple(good), ()
