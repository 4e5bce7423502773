"""Decide who may write an arena next, and what a death means.

Owns: the permission word's value, whether a death is a failure of its generation, the story of
one takeover in milliseconds. Does not own: storing the word (`arena_keeper.py`), the mutex that
hands the right over (`Kernel/contract/robust_mutex.py`).
Pure: no clock, no process, no arena; it is given the words.
"""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from Kernel.core.supervisor import Generation

FAULT_SIGNALS = frozenset(
    (
        signal.SIGSEGV,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGABRT,
        signal.SIGSYS,
    )
)


def decide_permission(generations: Sequence[Generation]) -> int:
    """Return the pid that may take the arena over when its owner is gone, 0 for nobody.

    Only a ready heir is ever named, so that nobody waits on the mutex who could not go on.

    Args:
        generations: those that may serve, the one that should first: a world whose newest
            generation has no heir ready goes on with an older one sooner than not at all.
    """
    for generation in generations:
        heir = generation.heir
        if heir is not None and heir.ready and not generation.stopping:
            return heir.pid
    return 0


def is_evidence(*, code: int | None, signal_number: int | None, hung: bool) -> bool:
    """Tell whether a death is evidence against the code that was running.

    A fault signal, a non-zero exit and the watchdog's own verdict are; a plain SIGKILL from outside
    is none, nor is leaving with 0.
    """
    return hung or bool(code) or signal_number in FAULT_SIGNALS


def is_failure(
    *, code: int | None, signal_number: int | None, excused: bool, hung: bool, progressed: bool
) -> bool:
    """Tell whether a death counts against the generation.

    Args:
        code, signal_number: how it ended, one of them None.
        excused: what ended it was no fault of its own: a drill, a change of generation, a SIGSTOP.
        hung: the watchdog had found it hung.
        progressed: it had served (committed a tick, or answered).

    Evidence does (`is_evidence`); so does any death of a process that had done nothing yet: then
    trying again at once would help nobody.
    """
    if excused:
        return False
    return is_evidence(code=code, signal_number=signal_number, hung=hung) or not progressed


@dataclass(frozen=True, slots=True)
class Words:
    """The words of an arena that tell of a takeover. Times are CLOCK_MONOTONIC ns."""

    tick: int
    epoch: int
    owner: int
    taken_over_ns: int
    first_commit_ns: int
    missed_ticks: int


@dataclass(frozen=True, slots=True)
class Takeover:
    """The story of one takeover."""

    noticed_ms: float
    served_ms: float
    tick_before: int
    tick_after: int
    missed_ticks: int
    epoch: int


def takeover_story(before: Words, after: Words, began_ns: int, paused: bool) -> Takeover | None:
    """Return what happened since `began_ns`, or None while it is not over.

    Args:
        before: the words just before the fault was caused.
        after: the words now.
        paused: the world stands still, so that no commit is to be expected.
    """
    if after.epoch == before.epoch or after.taken_over_ns < began_ns:
        return None
    served_ns = after.taken_over_ns if paused else after.first_commit_ns
    if served_ns < began_ns:
        return None
    return Takeover(
        noticed_ms=(after.taken_over_ns - began_ns) / 1e6,
        served_ms=(served_ns - began_ns) / 1e6,
        tick_before=before.tick,
        tick_after=after.tick,
        missed_ticks=after.missed_ticks - before.missed_ticks,
        epoch=after.epoch,
    )
