"""All zones together: whose an exit is, and the orderly stop, over a kernel on paper."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.errors import Refused
from Kernel.core.stopping import Stage
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel


@pytest.fixture
def kernel(machine: FakeMachine, tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a kernel whose world ticks."""
    kernel = PaperKernel(machine, tmp_path)
    kernel.start()
    yield kernel
    kernel.close()


def held_up_by(kernel: PaperKernel) -> list[str]:
    """Return the zones a stop waits for."""
    return [each.zone for each in kernel.zones.leaving.held_up_by()]


def test_a_zone_is_found_by_name(kernel):
    """An unknown zone is refused with those there are."""
    assert kernel.zones.keeper("stable") is kernel.world
    with pytest.raises(Refused, match="cannot find zone nosuch: zones are stable"):
        kernel.zones.keeper("nosuch")


def test_ends_of_strangers_are_nobodys(kernel):
    """The exit of a process that is no zone's, a process between for one, changes nothing."""
    before = kernel.world.state
    kernel.machine.processes.end(99_999, code=0)
    kernel.round()
    assert kernel.world.state == before


def test_stop_in_order(kernel):
    """The world leaves at a tick boundary, then its zygote; the heir never takes over."""
    kernel.zones.begin_stop()
    assert kernel.words.get(Header.PERMISSION) == 0
    kernel.round()
    assert kernel.words.get(Header.DRAIN_AT) == kernel.words.get(Header.COMMIT)
    assert kernel.machine.processes.killed()[0] == kernel.heir
    assert kernel.active not in kernel.machine.processes.killed(), "it is asked, not killed"
    assert not kernel.zones.stopped() and held_up_by(kernel) == ["stable"]
    kernel.machine.processes.end(kernel.active, code=0)
    kernel.round()
    assert kernel.zones.stopped()
    assert kernel.machine.zygote.pid in kernel.machine.processes.killed()
    assert held_up_by(kernel) == []


def test_a_second_stop_changes_nothing(kernel):
    """Asking again neither restarts the stages nor their time."""
    kernel.zones.begin_stop()
    stop = kernel.zones.stop
    kernel.machine.clock.advance(1.0)
    kernel.zones.begin_stop()
    assert kernel.zones.stop is stop


def test_who_does_not_leave_is_killed(kernel):
    """A world that ignores the drain is killed when its share of the time is over."""
    kernel.zones.begin_stop()
    kernel.round()
    kernel.machine.clock.advance(kernel.zones.stop.deadline_s)
    kernel.round(6)
    assert kernel.active in kernel.machine.processes.killed() and kernel.zones.stopped()


def test_a_fork_under_way_is_awaited_and_ended(kernel):
    """A process whose birth is announced during the stop is ended, not left over."""
    kernel.machine.processes.end(kernel.heir, number=signal.SIGKILL)
    kernel.round()  # a new heir is asked for
    kernel.zones.begin_stop()
    kernel.round()
    late = kernel.machine.processes.new_pid()
    kernel.zygote().fork(late)
    kernel.round()
    assert late in kernel.machine.processes.killed()
    kernel.machine.processes.end(kernel.active, code=0)
    kernel.round()
    assert kernel.zones.stopped()


def test_stacks_on_demand(kernel):
    """Who is ready is asked, a zygote never; each dump is told once, under its zone and pid."""
    kernel.zones.ask_stacks()
    asked = {pid for pid, number in kernel.machine.processes.signals if number == signal.SIGUSR1}
    assert asked == {kernel.active, kernel.heir}
    berth = kernel.world.berth_of(kernel.active)
    os.write(berth.stack_fd, b"File here\n")
    said = kernel.zones.take_stacks()
    assert f"zone stable, pid {kernel.active}\nFile here\n" in said
    assert f"zone stable, pid {kernel.heir}\n(it has not answered)\n" in said
    os.write(berth.stack_fd, b"File there\n")
    said = kernel.zones.take_stacks()
    assert f"pid {kernel.active}\nFile there\n" in said and "File here" not in said


def test_who_is_being_born_is_not_asked(kernel):
    """A process without its handler yet would be ended by the signal."""
    kernel.machine.processes.end(kernel.heir, number=signal.SIGKILL)
    kernel.round()
    born = kernel.machine.processes.new_pid()
    kernel.zygote().fork(born)
    kernel.round()
    kernel.zones.ask_stacks()
    assert (born, signal.SIGUSR1) not in kernel.machine.processes.signals


def test_killing_all_spares_nobody(kernel):
    """The second Ctrl-C: every process gets SIGKILL."""
    kernel.zones.kill_all()
    everybody = {kernel.active, kernel.heir, kernel.machine.zygote.pid}
    assert everybody <= set(kernel.machine.processes.killed())


def test_nothing_is_started_once_a_stop_has_begun(kernel):
    """Whoever dies during a stop stays dead."""
    kernel.zones.begin_stop()
    kernel.machine.processes.end(kernel.machine.zygote.pid, number=signal.SIGKILL)
    kernel.machine.clock.advance(0.5)
    kernel.round()
    assert len(kernel.machine.processes.zygotes) == 1
    assert kernel.zones.stop.stage in (Stage.WORLDS, Stage.DONE)
