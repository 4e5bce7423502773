"""From limits that are reached to steps: each leads to no more than what it can mend."""

import pytest

from Kernel.core.resource_governor import Act, Judgement
from Kernel.core.steps import Step
from Kernel.core.zone_strains import (
    Depth,
    Written,
    find_strains,
    growth_strain,
    nearness,
)
from Kernel.ports.pressure import Pressure

NONE_WAIT, NOTHING_WRITTEN = Depth(), Written()


def strains(
    *judgements,
    written=NOTHING_WRITTEN,
    active=7,
    cpu_held=False,
    step=Step.NONE,
    depth=NONE_WAIT,
):
    """Return what strains: (what, at once, top, over)."""
    found = find_strains(
        judgements,
        active,
        cpu_held=cpu_held,
        step=step,
        depth=depth,
        written=written,
    )
    return [(each.what, each.at_once, each.top, each.over) for each in found]


def near(what: str, value: float = 90, pid: int = 7) -> Judgement:
    """Return a warning of a limit of 100."""
    return Judgement(Act.WARN, what, value, 100, "why", pid)


@pytest.mark.parametrize(
    ("what", "held", "top"),
    [("cpu_percent", False, Step.PAUSE), ("cpu_percent", True, Step.THROTTLE)],
)
def test_processor_time_ends_nobody(what, held, top):
    """Where a group holds it a smaller share is enough, else only standing still holds it."""
    assert strains(near(what), cpu_held=held) == [(what, Step.WARN, top, True)]


def test_who_is_throttled_by_a_group_is_not_judged_by_what_it_waits():
    """It is let go after calm to see; where nothing holds it what it takes can be seen."""
    assert strains(near("cpu_percent"), cpu_held=True, step=Step.THROTTLE) == []
    assert strains(near("cpu_percent"), step=Step.THROTTLE) != []


def test_descriptors_are_given_back_by_a_new_process():
    """Only of who serves, and only when nearly none are left."""
    assert strains(near("descriptors", 94)) == [("descriptors", Step.WARN, Step.WARN, False)]
    assert strains(near("descriptors", 95)) == [("descriptors", Step.WARN, Step.RESTART, True)]
    assert strains(near("descriptors", 99, pid=8)) == [("descriptors", Step.WARN, Step.WARN, False)]


def test_memory_near_its_limit_is_only_told():
    """Growth decides who is replaced; what is beyond the limit is ended at once elsewhere."""
    assert strains(near("memory_mb")) == [("memory_mb", Step.WARN, Step.WARN, False)]
    assert strains(Judgement(Act.KILL, "memory_mb", 101, 100, "why", 7)) == []


def test_growth_is_answered_at_once():
    """By a new process, as long as that helps."""
    found = growth_strain("it grows", 300.0, 800.0, replacing_helps=True)
    assert (found.at_once, found.top, found.over) == (Step.RESTART, Step.RESTART, True)
    assert (found.value, found.limit, found.why) == (300.0, 800.0, "it grows")
    found = growth_strain("it grows", 300.0, 800.0, replacing_helps=False)
    assert (found.top, found.over) == (Step.WARN, False)


def test_events_that_wait():
    """More than may: fewer are to be made; 0 is no limit."""
    assert strains(depth=Depth(10, 10)) == [] == strains(depth=Depth(10**6, 0))
    assert strains(depth=Depth(11, 10)) == [("events", Step.WARN, Step.THROTTLE, True)]


def test_what_is_written_to_disks():
    """More than may: it is to be slower; 0 is no limit."""
    assert strains(written=Written(10.0, 10)) == [] == strains(written=Written(1e6, 0))
    assert strains(written=Written(10.5, 10)) == [("disk_mb_per_s", Step.WARN, Step.PAUSE, True)]


def test_nearness_is_that_of_the_nearest():
    """A group that waits for memory is near its limit, however little it has."""
    assert nearness((0.2, 0.7), None) == 0.7 and nearness((), None) == 0.0
    assert nearness((0.2,), Pressure(95.0, 0.0)) == 0.95
