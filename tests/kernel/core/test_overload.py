"""Overload of the machine: what strains it, and what only looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.governor_rules import GovernorRules
from Kernel.core.overload import (
    STEPS,
    WINDOW_S,
    Mark,
    WorldLoad,
    add_mark,
    cells_at_once,
    find_strains,
    load_between,
)
from Kernel.core.steps import Step
from Kernel.ports.machine_load import MachineLoad
from Kernel.ports.pressure import Pressure

RULES = GovernorRules()
MB = 1 << 20


def found(load: MachineLoad | None = None, **world: float) -> list[tuple[str, Step, bool]]:
    """Return what strains: (what, the highest step it leads to, whether it is over)."""
    worlds = {"stable": WorldLoad(**world)}
    strains = find_strains(load or MachineLoad(), worlds, RULES, "HOME")
    return [(each.what, each.top, each.over) for each in strains]


def test_a_busy_machine_is_no_trouble_by_itself():
    """All cores are busy and somebody waits all the time: as long as worlds are on time."""
    busy = MachineLoad(cpu=Pressure(99.0, 0.0), memory_free_bytes=1, disk_free_bytes=10**12)
    assert found(busy, waited=0.9, missed=0.009) == []
    assert found(busy, waited=0.05, missed=0.9) == [], "it is slow by itself"


def test_a_world_that_waits_and_is_late():
    """Others are to take less; nobody is paused for it, it may be somebody else's load."""
    assert found(waited=0.2, missed=0.01) == [("cpu", Step.THROTTLE, True)]


def test_a_world_is_watched_for_a_while():
    """Shares are of the last ten seconds, of one process; before that nothing is said."""
    marks: tuple[Mark, ...] = ()
    for second in range(30):
        late = 20 <= second < 25
        waited_ns = (marks[-1].waited_ns if marks else 0) + 500_000_000 * late
        missed = (marks[-1].missed if marks else 0) + 3 * late
        marks = add_mark(marks, Mark(7, float(second), waited_ns, missed, 60 * second))
        if second < WINDOW_S:
            assert load_between(marks, 0.25) == WorldLoad(outbox=0.25)
    assert len(marks) == 11
    assert load_between(marks, 0.0) == WorldLoad(0.25, 15 / 600, 0.0)
    assert add_mark(marks, Mark(8, 30.0, 0, 0, 1800)) == (Mark(8, 30.0, 0, 0, 1800),)


def test_a_world_that_lies_about_its_ticks():
    """A count that falls, or ticks that do not come: nothing is said of it."""
    first, last = Mark(7, 0.0, 0, 9, 100), Mark(7, 10.0, 10**10, 0, 100)
    assert load_between((first, last), 0.0) == WorldLoad()
    last = Mark(7, 10.0, 10**10, 0, 200)
    assert load_between((first, last), 0.0) == WorldLoad(1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (MachineLoad(memory=Pressure(10.0, 0.0)), [("memory", Step.PAUSE, True)]),
        (MachineLoad(memory=Pressure(9.9, 9.9)), []),
        (MachineLoad(io=Pressure(90.0, 59.0)), []),
        (MachineLoad(io=Pressure(90.0, 60.0)), [("io", Step.WARN, False)]),
        (MachineLoad(disk_free_bytes=511 * MB), [("disk", Step.PAUSE, True)]),
        (MachineLoad(disk_free_bytes=512 * MB), []),
    ],
)
def test_what_runs_short(load, expected):
    """Memory and disk end in harm for all; a disk that is busy is only told of."""
    assert found(load) == expected


def test_an_archive_that_is_behind():
    """From half of a world's outbox on: with three quarters the world takes no inputs."""
    assert found(outbox=0.49) == [] and found(outbox=0.5) == [("events", Step.PAUSE, True)]


def test_a_disk_without_a_limit():
    """0 is no limit."""
    rules = GovernorRules(disk_free_mb=0)
    assert find_strains(MachineLoad(disk_free_bytes=0), {}, rules, "HOME") == []


@given(st.integers(1, 64), st.sampled_from(STEPS))
def test_fewer_temporary_processes_run(at_once, step):
    """All of them, one, or none; never more than may."""
    expected = {Step.WARN: at_once, Step.THROTTLE: 1, Step.PAUSE: 0}
    assert cells_at_once(at_once, step) == expected[step]
    assert cells_at_once(at_once, Step.NONE) == at_once
