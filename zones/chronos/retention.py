"""When to take a snapshot, when to try again after a failure, and what to keep.

Owns: these decisions. Does not own: carrying them out (`service.py`).
Pure: no clock, no disk.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from zones.runtime.snapshot_file import SnapshotName

RETRY_FIRST_S: Final = 1.0
RETRY_MAX_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How a thing that may fail stands: failures in a row, and when it may be tried again.

    Args:
        not_before_s: monotonic seconds.
        why: the last failure's sentence, "" when it works.
        hint: a command that helps.
    """

    failures: int = 0
    not_before_s: float = 0.0
    why: str = ""
    hint: str = ""

    def failed(self, now_s: float, why: str, hint: str) -> "Retry":
        """Return the state after one more failure: the pause doubles, up to RETRY_MAX_S."""
        pause_s = min(RETRY_FIRST_S * 2 ** min(self.failures, 16), RETRY_MAX_S)
        return Retry(self.failures + 1, now_s + pause_s, why, hint)

    def may_try(self, now_s: float) -> bool:
        """Return whether the pause is over."""
        return now_s >= self.not_before_s


def is_snapshot_due(
    tick: int, last_tick: int, interval_ticks: int, retry: Retry, now_s: float
) -> bool:
    """Return whether to take a snapshot of the committed `tick` now.

    Args:
        last_tick: of this arena's newest snapshot, 0 when it has none.
        retry: of earlier attempts.
    """
    return tick - last_tick >= interval_ticks and retry.may_try(now_s)


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


def decide_old_files(ages: Sequence[tuple[bool, float, str]], keep: int) -> list[str]:
    """Return which journal files to delete so that the `keep` youngest stay, oldest first.

    Args:
        ages: of every file that is no longer written: whether it is the living arena's, when its
            arena's journal was changed last (wall clock), name. Names sort by position.
    """
    return [name for _, _, name in sorted(ages)[: max(len(ages) - keep, 0)]]
