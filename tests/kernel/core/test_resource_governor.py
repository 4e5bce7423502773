"""The governor: what is warned of, who is ended, and what is left to Linux."""

import pytest

from Kernel.core.limits import Limits
from Kernel.core.resource_governor import (
    Act,
    Reading,
    Sample,
    cpu_percent,
    judge,
    shares,
    written_mb_per_s,
)
from Kernel.ports.cgroup_files import Usage
from Kernel.ports.meters import Taken
from Kernel.ports.pressure import Pressure

MB = 1 << 20


def sample(
    pid: int, *, mb: int = 1, cpu_s: float = 0.0, threads: int = 1, fds: int = 8, grouped=False
):
    """Return one process."""
    return Sample(pid, Taken(mb * MB, int(cpu_s * 1e9), threads, fds), grouped)


def reading(*samples: Sample, at_s: float = 1.0, group: Usage | None = None) -> Reading:
    """Return one reading."""
    return Reading(at_s, samples, group or Usage())


def acts(limits: Limits, now: Reading, before: Reading | None = None):
    """Return the judgements as (act, what, pid)."""
    found = judge(limits, before or Reading(0.0), now)
    return [(each.act, each.what, each.pid) for each in found]


EVERYTHING = Limits(memory_mb=100, cpu_percent=50, processes=4, descriptors=20)


def test_who_takes_little_is_left_alone():
    """Below nine tenths of every limit nothing is said; without limits nothing ever is."""
    now = reading(sample(7, mb=89, threads=3, fds=17))
    assert acts(EVERYTHING, now) == []
    glutton = reading(sample(7, mb=10**6, threads=10**4, fds=10**5, cpu_s=10**6))
    assert acts(Limits(), glutton, reading(sample(7))) == []


@pytest.mark.parametrize(
    ("mb", "expected"),
    [(90, []), (91, [Act.WARN]), (100, [Act.WARN]), (101, [Act.KILL])],
)
def test_memory_of_a_process_in_no_group(mb, expected):
    """It is warned of near the limit, and ended beyond it."""
    assert acts(EVERYTHING, reading(sample(7, mb=mb), sample(8))) == [
        (act, "memory_mb", 7) for act in expected
    ]


def test_memory_of_a_group_is_left_to_linux():
    """A process may share much with others: what the group counts is what is held."""
    full = Usage(memory_bytes=95 * MB)
    assert acts(EVERYTHING, reading(sample(7, mb=300, grouped=True), group=full)) == [
        (Act.WARN, "memory_mb", 0)
    ]


def test_a_group_that_waits_for_memory():
    """It is at its limit, and lives of what it gives back: that is told before anybody dies."""
    short = Usage(memory_bytes=80 * MB, memory_pressure=Pressure(10.0, 1.0))
    now = reading(sample(7, grouped=True), group=short)
    assert acts(EVERYTHING, now) == [(Act.WARN, "memory_mb", 0)]
    fine = Usage(memory_bytes=80 * MB, memory_pressure=Pressure(9.9, 9.9))
    assert acts(EVERYTHING, reading(sample(7, grouped=True), group=fine)) == []


def test_who_is_not_in_the_group_is_held_all_the_same():
    """A process of an older version does not enter: the kernel ends it itself."""
    now = reading(sample(7, mb=300), sample(8, grouped=True), group=Usage(memory_bytes=0))
    assert acts(EVERYTHING, now) == [(Act.KILL, "memory_mb", 7)]


def test_the_one_with_most_threads_is_ended():
    """The limit is for all together, the end is for one; the worst comes first in the list."""
    now = reading(sample(7, threads=2), sample(8, threads=3), sample(9, mb=95))
    assert acts(EVERYTHING, now) == [(Act.KILL, "processes", 8), (Act.WARN, "memory_mb", 9)]


def test_a_refused_process_is_told_once_each_time():
    """Linux has refused: nobody is ended, and only new refusals are told."""
    once, twice = Usage(tasks=4, tasks_refused=1), Usage(tasks=4, tasks_refused=2)
    now = reading(sample(7, threads=9, grouped=True), group=once)
    assert acts(EVERYTHING, now) == [(Act.WARN, "processes", 0)]
    assert acts(EVERYTHING, now, before=now) == []
    later = reading(sample(7, grouped=True), group=twice, at_s=2.0)
    assert acts(EVERYTHING, later, before=now) == [(Act.WARN, "processes", 0)]


@pytest.mark.parametrize(("fds", "act"), [(19, Act.WARN), (20, Act.WARN), (21, Act.KILL)])
def test_descriptors(fds, act):
    """A process holds itself to them; one that does not is ended."""
    assert acts(EVERYTHING, reading(sample(7, fds=fds))) == [(act, "descriptors", 7)]


def test_processor_time_ends_nobody():
    """More than the limit where no group holds it, or held back where one does: it is told."""
    before, busy = reading(sample(7)), reading(sample(7, cpu_s=0.9), at_s=2.0)
    assert cpu_percent(before, busy) == pytest.approx(90)
    assert acts(EVERYTHING, busy, before) == [(Act.WARN, "cpu_percent", 0)]
    slow = reading(sample(7, cpu_s=0.54), at_s=2.0)
    assert acts(EVERYTHING, slow, before) == []
    held = [
        reading(sample(7, cpu_s=cpu_s), at_s=at_s, group=Usage(throttled_s=throttled_s))
        for at_s, cpu_s, throttled_s in ((1.0, 0.0, 0.0), (2.0, 0.5, 0.4), (3.0, 1.0, 0.45))
    ]
    assert acts(EVERYTHING, held[1], held[0]) == [(Act.WARN, "cpu_percent", 0)]
    assert acts(EVERYTHING, held[2], held[1]) == []


def test_who_has_come_or_gone_is_not_counted():
    """A share is of those who were there both times; no time between two readings is no share."""
    before = reading(sample(7, cpu_s=5), sample(8))
    now = reading(sample(8, cpu_s=0.2), sample(9, cpu_s=50), at_s=2.0)
    assert cpu_percent(before, now) == pytest.approx(20)
    assert cpu_percent(now, now) == 0.0


def test_what_is_written_to_disks():
    """By those who are in both readings, and tell it."""

    def wrote(pid: int, megabytes: int | None) -> Sample:
        size = None if megabytes is None else megabytes * MB
        return Sample(pid, Taken(MB, 0, 1, 8, written_bytes=size))

    before = reading(wrote(7, 10), wrote(8, None), wrote(9, 5))
    now = reading(wrote(7, 30), wrote(8, 99), wrote(10, 500), at_s=3.0)
    assert written_mb_per_s(before, now) == 10.0
    assert written_mb_per_s(now, now) == 0.0


def test_how_near_each_limit_is():
    """Of memory and tasks what the group counts, where it does; without limits nothing."""
    before, now = reading(sample(7)), reading(sample(7, mb=50, cpu_s=0.25, fds=5), at_s=2.0)
    assert list(shares(EVERYTHING, before, now)) == [0.5, 0.25, 0.25, 0.5]
    grouped = reading(
        sample(7, mb=90, grouped=True), at_s=2.0, group=Usage(memory_bytes=20 * MB, tasks=3)
    )
    assert list(shares(EVERYTHING, before, grouped)) == [0.2, 0.75, 0.4, 0.0]
    assert list(shares(Limits(), before, now)) == []
