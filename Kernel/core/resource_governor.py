"""Decide who takes more of the machine than its zone may: who is warned of, and who is ended.

Owns: what each limit is held against, and by whom. Does not own: measuring
(`Kernel/ports/meters.py`, `cgroups.py`), telling and ending (`zone_limits.py`), limits that a
process sets for itself.
Pure. Linux holds what a control group holds, and better: there we only tell. The governor ends
somebody where no group holds a limit, and who is in no group although there is one: a process of an
older version, or one that never entered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from Kernel.core.limits import MEGABYTE, Limits
from Kernel.ports.cgroup_files import Usage
from Kernel.ports.meters import Taken

MEMORY: Final = "memory_mb"
CPU: Final = "cpu_percent"
PROCESSES: Final = "processes"
DESCRIPTORS: Final = "descriptors"
NEAR: Final = 0.9
"""Share of a limit from which on it is warned of."""
HELD_BACK: Final = 0.1
"""Share of the time in which a group was kept from running, from which on that is told."""
SHORT_PERCENT: Final = 10.0
"""Of the time that processes of a group wait for memory, from which on that is told: at their limit
Linux takes pages of files from them again and again before it ends anybody."""
CPU_OVER: Final = 1.1
"""So much more than its limit is told of: a measurement of a second is no exact one."""


class Act(StrEnum):
    """What follows from a judgement."""

    WARN = "warn"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Sample:
    """One process as it was measured.

    Args:
        grouped: it is in the group of its zone.
    """

    pid: int
    taken: Taken
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A zone as it was measured.

    Args:
        at_s: monotonic seconds.
        group: what its group tells; empty where there is none.
    """

    at_s: float
    samples: tuple[Sample, ...] = ()
    group: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One limit that is reached, or near.

    Args:
        what: the key of the limit.
        value, limit: in the unit of the key.
        why: for people; the same as long as it is the same trouble.
        pid: who is to be ended, or has the most of it; 0: all together.
    """

    act: Act
    what: str
    value: float
    limit: float
    why: str
    pid: int = 0


def judge(limits: Limits, before: Reading, now: Reading) -> list[Judgement]:
    """Return what is to be done about a zone, worst first; nothing for a sound one.

    Args:
        before: the reading of about a second ago; an empty one at the beginning.
    """
    found = [
        *_judge_memory(limits.memory_mb, now),
        *_judge_tasks(limits.processes, before, now),
        *_judge_descriptors(limits.descriptors, now.samples),
        *_judge_cpu(limits.cpu_percent, before, now),
    ]
    return sorted(found, key=lambda each: each.act is not Act.KILL)


def _judge_memory(most_mb: int, now: Reading) -> Iterator[Judgement]:
    if not most_mb:
        return
    held = now.group.memory_bytes
    if held is not None and held > NEAR * most_mb * MEGABYTE:
        why = f"its processes take more than {NEAR:.0%} of {most_mb} MB"
        yield Judgement(Act.WARN, MEMORY, held / MEGABYTE, most_mb, why)
    pressure = now.group.memory_pressure
    if pressure is not None and pressure.some >= SHORT_PERCENT:
        why = f"its processes wait for memory more than {SHORT_PERCENT:g} % of the time"
        yield Judgement(Act.WARN, MEMORY, (held or 0) / MEGABYTE, most_mb, why)
    for each in _not_held(now.samples, held is not None):
        value = each.taken.memory_bytes / MEGABYTE
        if value > most_mb:
            why = f"it takes {value:.0f} MB of memory, the limit is {most_mb}"
            yield Judgement(Act.KILL, MEMORY, value, most_mb, why, each.pid)
        elif value > NEAR * most_mb:
            why = f"pid {each.pid} takes more than {NEAR:.0%} of {most_mb} MB"
            yield Judgement(Act.WARN, MEMORY, value, most_mb, why, each.pid)


def _judge_tasks(most: int, before: Reading, now: Reading) -> Iterator[Judgement]:
    if not most:
        return
    held = now.group.tasks is not None
    if held and now.group.tasks_refused > before.group.tasks_refused:
        why = f"it was refused another process or thread: {most} are there"
        yield Judgement(Act.WARN, PROCESSES, most, most, why)
    loose = _not_held(now.samples, held)
    value = sum(each.taken.threads for each in loose)
    if value > most:
        worst = max(loose, key=lambda each: each.taken.threads)
        why = f"{value} processes and threads are there, the limit is {most}"
        yield Judgement(Act.KILL, PROCESSES, value, most, why, worst.pid)


def _judge_descriptors(most: int, samples: Iterable[Sample]) -> Iterator[Judgement]:
    for each in samples:
        value = each.taken.descriptors
        if most and value > most:
            why = f"it has {value} descriptors, the limit is {most}"
            yield Judgement(Act.KILL, DESCRIPTORS, value, most, why, each.pid)
        elif most and value > NEAR * most:
            why = f"pid {each.pid} has more than {NEAR:.0%} of {most} descriptors"
            yield Judgement(Act.WARN, DESCRIPTORS, value, most, why, each.pid)


def _judge_cpu(most: int, before: Reading, now: Reading) -> Iterator[Judgement]:
    """Nobody is ended for it: a busy world is a slow one, and the watchdog sees who is hung."""
    passed_s = now.at_s - before.at_s
    if not most or not before.samples or passed_s <= 0:
        return
    value = cpu_percent(before, now)
    if now.group.throttled_s is not None and before.group.throttled_s is not None:
        waited = (now.group.throttled_s - before.group.throttled_s) / passed_s
        if waited > HELD_BACK:
            why = f"it is held back: it may have {most} % of a core"
            yield Judgement(Act.WARN, CPU, value, most, why)
    elif value > CPU_OVER * most:
        why = f"it takes more than {most} % of a core, and no group holds that"
        yield Judgement(Act.WARN, CPU, value, most, why)


def shares(limits: Limits, before: Reading, now: Reading) -> Iterator[float]:
    """Yield the share that is taken of each limit, 1 for all of it."""
    group, samples = now.group, now.samples
    if limits.memory_mb:
        held = group.memory_bytes or 0
        largest = max((each.taken.memory_bytes for each in _not_held(samples, held > 0)), default=0)
        yield max(held, largest) / (limits.memory_mb * MEGABYTE)
    if limits.processes:
        threads = sum(each.taken.threads for each in samples)
        yield (group.tasks if group.tasks is not None else threads) / limits.processes
    if limits.descriptors:
        yield max((each.taken.descriptors for each in samples), default=0) / limits.descriptors
    if limits.cpu_percent:
        yield cpu_percent(before, now) / limits.cpu_percent


def cpu_percent(before: Reading, now: Reading) -> float:
    """Return what the processes that are in both readings took, 100 for one core."""
    passed_ns = (now.at_s - before.at_s) * 1e9
    earlier = {each.pid: each.taken.cpu_ns for each in before.samples}
    took_ns = sum(
        max(0, each.taken.cpu_ns - earlier[each.pid]) for each in now.samples if each.pid in earlier
    )
    return 100 * took_ns / passed_ns if passed_ns > 0 else 0.0


def written_mb_per_s(before: Reading, now: Reading) -> float:
    """Return what the processes that are in both readings wrote to disks, as far as it is told."""
    passed_s = now.at_s - before.at_s
    earlier = {each.pid: each.taken.written_bytes for each in before.samples}
    written = sum(
        max(0, each.taken.written_bytes - was)
        for each in now.samples
        if each.taken.written_bytes is not None and (was := earlier.get(each.pid)) is not None
    )
    return written / MEGABYTE / passed_s if passed_s > 0 else 0.0


def _not_held(samples: Iterable[Sample], held: bool) -> list[Sample]:
    """Return those whom no group holds."""
    return [each for each in samples if not (held and each.grouped)]
