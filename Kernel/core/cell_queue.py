"""Decide which temporary processes run, which wait, and which are refused.

Owns: at most so many at once, at most so many waiting, first come first served. Does not own: the
processes (`cell.py`), who asked and for what (`cells.py`). Pure.
"""

from dataclasses import dataclass, replace

from Kernel.contract.errors import Refused


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How many of one kind there may be.

    Args:
        at_once_max: those that run.
        queued_max: those that wait for a place; 0: none may.
    """

    at_once_max: int
    queued_max: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Who runs and who waits, by number; those who wait in the order in which they came."""

    running: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind is spoken of in a refusal.

    Args:
        act: what was asked for: "try".
        one, many: what one and several of them are: "trial", "trials".
        hint: what to look at.
    """

    act: str
    one: str
    many: str
    hint: str


def admit(queue: Queue, number: int, limits: QueueLimits, words: Words) -> Queue:
    """Return the queue with one more at its end; it may begin at once (`begin` says who does).

    Raises:
        Refused: as many run and wait as may.
    """
    assert number not in (*queue.running, *queue.waiting), "every number is given once"
    free = max(0, limits.at_once_max - len(queue.running))
    if len(queue.waiting) >= free + limits.queued_max:
        running, waiting = len(queue.running), len(queue.waiting)
        runs = f"{running} {words.one} runs" if running == 1 else f"{running} {words.many} run"
        waits = f"{waiting} waits" if waiting == 1 else f"{waiting} wait"
        raise Refused(
            f"cannot {words.act}: {runs} and {waits}; the limit is {limits.queued_max}", words.hint
        )
    return replace(queue, waiting=(*queue.waiting, number))


def begin(queue: Queue, limits: QueueLimits) -> tuple[Queue, tuple[int, ...]]:
    """Return the queue after the oldest that wait have taken the free places, and who they are."""
    free = max(0, limits.at_once_max - len(queue.running))
    begun, waiting = queue.waiting[:free], queue.waiting[free:]
    return Queue((*queue.running, *begun), waiting), begun


def leave(queue: Queue, number: int) -> Queue:
    """Return the queue without one that is over or given up; unknown ones change nothing."""
    return Queue(
        tuple(each for each in queue.running if each != number),
        tuple(each for each in queue.waiting if each != number),
    )


def before(queue: Queue, number: int) -> int:
    """Return how many wait longer than this one; 0 for the next, and for one that runs."""
    return queue.waiting.index(number) if number in queue.waiting else 0
