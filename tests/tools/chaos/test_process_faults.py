"""Faults of processes hit whom they say, tell it, and can be undone."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.support.wait import wait_until
from tests.tools.chaos.fake_target import FakeTarget
from tools.chaos.fault import Fault, Misses
from tools.chaos.process_faults import NOBODY, process_faults
from tools.chaos.target import HEIR, WORLD

FAULTS = {fault.name: fault for fault in process_faults(["archive", "chronos"])}


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that waits."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def begin(fault: Fault, target: FakeTarget):
    """Do it."""
    return fault.begin(target, Random(1))


def test_each_fault_has_a_name_of_its_own():
    """Costs are counted by it; whatever a kernel has for zones, quiet rounds are among them."""
    for zones in ([], ["a"], [f"zone{number}" for number in range(40)]):
        faults = process_faults(zones)
        assert len({fault.name for fault in faults}) == len(faults)
        assert all(fault.weight > 0 for fault in faults)
    assert FAULTS[NOBODY].alone and FAULTS["kill world"].misses is Misses.TAKEOVER


def test_who_is_killed_must_be_gone(tmp_path, child):
    """All of the roles get the signal; who is not there is no victim."""
    target = FakeTarget(tmp_path, {WORLD: [child.pid], HEIR: [2**22 + 7]})
    injury = begin(FAULTS["kill world and heir"], target)
    assert [each.pid for each in injury.gone] == [child.pid] and str(child.pid) in injury.told
    assert child.wait() == -signal.SIGKILL and not injury.gone[0].is_running()


def test_nobody_there_is_no_fault(tmp_path):
    """It is left out, and another round comes."""
    target = FakeTarget(tmp_path, {WORLD: [], "archive": [], "trial": []})
    assert begin(FAULTS["kill world"], target) is None
    assert begin(FAULTS["kill trial"], target) is None
    assert begin(FAULTS["no descriptors archive"], target) is None


def test_a_stopped_kernel_goes_on(tmp_path, child):
    """For a bounded time, and as it was."""
    target = FakeTarget(tmp_path)
    target.kernel = child.pid
    injury = begin(FAULTS["stop kernel"], target)
    state = Path(f"/proc/{child.pid}/stat")
    wait_until("it stands", lambda: state.read_text().rpartition(")")[2].split()[0] == "T")
    assert injury.lasts_s > 0 and injury.gone == []
    injury.heal()
    wait_until("it goes on", lambda: state.read_text().rpartition(")")[2].split()[0] != "T")


def test_descriptors_are_given_back(tmp_path, child):
    """Nothing more can be opened, and what could be before can be again, by who is there still."""
    before = resource.prlimit(child.pid, resource.RLIMIT_NOFILE)
    injury = begin(FAULTS["no descriptors archive"], FakeTarget(tmp_path, {"archive": [child.pid]}))
    free = resource.prlimit(child.pid, resource.RLIMIT_NOFILE)[0]
    assert free not in {int(each) for each in os.listdir(f"/proc/{child.pid}/fd")}
    injury.heal()
    assert resource.prlimit(child.pid, resource.RLIMIT_NOFILE) == before
    child.kill()
    child.wait()
    injury.heal()


def test_a_drill_is_asked_for(tmp_path):
    """The kernel does it; how long it took is told."""
    target = FakeTarget(tmp_path)
    injury = begin(FAULTS["hang archive"], target)
    assert target.asked == [("drill", {"kind": "hang", "zone": "archive"})]
    assert injury.told == "drill hang archive, served after 5 ms"
