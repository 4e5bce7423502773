"""Steps against one zone: what each does, what is told, and how it is taken back."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import zmq

from Kernel.contract.arena import NEVER, Header
from Kernel.contract.errors import Refused
from Kernel.contract.messages import Drain, Heartbeat, Ready, parse_message
from Kernel.contract.zygote_protocol import ZYGOTE
from Kernel.core import supervisor as sup
from Kernel.core.governor_rules import STEPS_OF_WORLD, GovernorRules
from Kernel.core.limits import Limits
from Kernel.core.steps import Step
from Kernel.core.zone_governor import LEAVE_S, REPLACED_EVERY_S
from Kernel.ports.cgroup_files import Usage
from Kernel.ports.meters import Taken
from tests.kernel.core.test_bus_keeper import Stage as BusStage
from tests.support.arena_stage import Stage
from tests.support.fake_cgroups import FakeCgroups
from tests.support.fakes import FakeMachine
from tests.support.wait import wait_until

MB = 1 << 20
LIMITS = Limits(memory_mb=1000, cpu_percent=100, descriptors=100)
RULES = GovernorRules(step_up_s=5, calm_s=30, growth_window_s=100, growth_horizon_s=600)


def taken(megabytes: float = 10, cpu_s: float = 0.0, descriptors: int = 9) -> Taken:
    """Return what one process has; all its memory is its own."""
    own = int(megabytes * MB)
    return Taken(own, int(cpu_s * 1e9), 1, descriptors, own)


@pytest.fixture
def groups(machine: FakeMachine) -> Iterator[FakeCgroups]:
    """Give control groups that hold everything."""
    machine.cgroups = FakeCgroups()
    yield machine.cgroups
    machine.cgroups.close()


@pytest.fixture
def world(machine: FakeMachine, folders: list[Path]) -> Stage:
    """Give a world that serves, without groups."""
    stage = Stage(machine, folders, limits=LIMITS)
    stage.keeper.config = replace(stage.keeper.config, governor=RULES, steps=STEPS_OF_WORLD)
    stage.prepare(**{ZYGOTE: True})
    stage.found()
    stage.active = stage.fork_heir()
    stage.take_over(stage.active)
    stage.heir = stage.fork_heir()
    stage.tick()
    return stage


def live(stage: Stage, seconds: float, each=lambda _second: None) -> None:
    """Let a world tick on, second by second."""
    for second in range(int(seconds)):
        each(second)
        for _ in range(10):
            stage.machine.clock.advance(0.1)
            stage.tick()
            stage.round(1)


def leak(stage: Stage, pid: int, mb_per_s: float, first_mb: float = 50):
    """Return what makes a process of a world grow each second."""

    def each(second: int) -> None:
        stage.machine.loads.takes[pid] = taken(first_mb + mb_per_s * second)

    return each


def steps(stage) -> list[str]:
    """Return the steps that were told, in order."""
    return [each["step"] for each in stage.machine.log.of("governor.stepped")]


def notes(stage) -> dict[str, str]:
    """Return what is noted, by what it is about."""
    return {each["what"].partition(": ")[2]: each["why"] for each in stage.keeper.notes}


class TestWorld:
    def test_a_leak_ends_in_a_succession(self, world):
        """Long before the limit: who serves is asked to leave at a tick boundary, nobody is ended.

        What follows is caused by the step, which has its figures.
        """
        live(world, 88, leak(world, world.active, 2))
        machine = world.machine
        (told,) = machine.log.of("governor.stepped")
        assert (told["step"], told["what"]) == ("restart", "growth")
        assert told["why"].startswith("it grows by 7200 MB an hour")
        assert 200 < told["value"] < 250 and told["limit"] == 800.0
        assert notes(world)["governor"].startswith("it is replaced: it grows by")
        assert world.words.get(Header.DRAIN_AT) != NEVER and not machine.processes.killed()
        (drained,) = (each for each, kind in machine.log.named.items() if kind == "zone.drained")
        assert machine.log.why(drained) == ["zone.drained", "governor.stepped"]
        world.take_over(world.heir)
        world.die(world.active, code=0)
        live(world, 3)
        assert steps(world) == ["restart", "none"] and notes(world) == {}
        assert not machine.log.of("zone.evidence")
        assert not any(each["counts"] for each in machine.log.of("zone.died"))

    def test_without_an_heir_nobody_is_asked_to_leave(self, world):
        """It would cost ticks: it is asked as soon as one is ready."""
        world.die(world.heir, number=signal.SIGKILL)
        world.machine.loads.takes[world.active] = taken(850)
        live(world, 2)
        assert steps(world) == ["restart"] and world.words.get(Header.DRAIN_AT) == NEVER
        world.fork_heir()
        live(world, 3)
        assert world.words.get(Header.DRAIN_AT) != NEVER

    def test_a_share_of_its_budget_is_enough(self, world):
        """800 of 1000 MB of its own; memory of an arena, which is shared, does not count."""
        shared = Taken(900 * MB, 0, 1, 9, 100 * MB)
        live(world, 4, lambda _second: world.machine.loads.takes.update({world.active: shared}))
        assert steps(world) == []
        world.machine.loads.takes[world.active] = taken(800)
        live(world, 2)
        assert steps(world) == ["restart"]

    def test_who_does_not_hand_over_is_ended(self, world):
        """After LEAVE_S, as a step of its own with its reason; then its heir takes over."""
        world.machine.loads.takes[world.active] = taken(850)
        live(world, LEAVE_S + 4)
        assert steps(world) == ["restart", "kill", "none"]
        assert world.machine.processes.killed() == [world.active]
        (killed,) = world.machine.log.of("zone.killed")
        assert "has not left in 10 s" in killed["why"]

    def test_what_no_process_can_mend_is_tried_twice(self, world):
        """The next one is as large: a generation by exec; and that one too: it is told, no more."""
        loads = world.machine.loads
        loads.takes[world.active] = loads.takes[world.heir] = taken(850)
        live(world, 3)
        world.take_over(world.heir)
        world.die(world.active, code=0)
        live(world, 2 * REPLACED_EVERY_S + 10)
        assert steps(world)[-1] == "restart" and world.keeper.ladder.incoming == 2
        world.prepare(**{ZYGOTE: True})
        pid = world.fork_heir()
        loads.takes[pid] = taken(850)
        world.take_over(pid)
        world.die(world.heir, code=0)
        live(world, 100)
        told = world.machine.log.of("governor.stepped")
        assert [each["step"] for each in told].count("restart") == 2
        assert told[-1]["step"] == "warn" and told[-1]["why"].endswith("and so has the next one")

    def test_it_is_never_held_back(self, world):
        """Whatever processor time it takes, and whoever else overloads the machine."""

        def hog(second: int) -> None:
            world.machine.loads.takes[world.active] = taken(cpu_s=2.0 * second)

        world.keeper.limits.governor.press(Step.PAUSE, b"")
        live(world, 40, hog)
        assert steps(world) == ["warn"]
        assert not [each for each in world.machine.processes.signals if each[1] == signal.SIGSTOP]

    def test_descriptors_that_run_out_end_in_a_succession(self, world):
        """From nine tenths on it is warned of; from 95 of 100 on it is replaced after a while."""
        world.machine.loads.takes[world.active] = taken(descriptors=93)
        live(world, 10)
        assert steps(world) == ["warn"]
        world.machine.loads.takes[world.active] = taken(descriptors=97)
        live(world, 7)
        assert steps(world) == ["warn", "restart"]


class Sandbox(BusStage):
    """A bus zone that serves, with a limit of processor time."""

    def __init__(self, machine: FakeMachine, bus_fd: int, context: zmq.Context) -> None:
        super().__init__(machine, bus_fd, context)
        limits = Limits(memory_mb=1000, cpu_percent=50)
        self.keeper.config = replace(
            self.keeper.config, limits=limits, governor=RULES, deadline_s=5.0, events=10
        )

    def bring_up(self) -> None:
        """Have it serve."""
        self.pid, self.peer = self.serve()
        self.cpu_s = 0.0

    def live(self, seconds: float, cpu: float = 0.0, waiting: int = 0) -> None:
        """Let it beat and take so much of a core, second by second, as long as it runs."""
        beats = 0
        for _ in range(int(seconds)):
            self.machine.clock.advance(1.0)
            if not self.keeper.is_stopped:
                self.cpu_s += cpu
                beats += 1
                self.say(self.peer, Heartbeat(beats, 0, (), waiting=waiting))
                self._hear()
            self.machine.loads.takes[self.pid] = taken(cpu_s=self.cpu_s)
            self.round(1)

    def _hear(self) -> None:
        before = self.keeper.progress()
        wait_until("its heartbeat", lambda: self.round(1) or self.keeper.progress() != before)

    def signals(self, number: int) -> list[int]:
        """Return who was sent a signal."""
        return [pid for pid, sent in self.machine.processes.signals if sent == number]


@pytest.fixture
def sandbox(machine: FakeMachine, tmp_path: Path) -> Iterator[Sandbox]:
    """Give a bus zone at its beginning."""
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    context = zmq.Context()
    stage = Sandbox(machine, fd, context)
    yield stage
    stage.close()
    context.term()
    os.close(fd)


class TestBusZone:
    def test_a_hog_is_warned_of_throttled_and_paused(self, sandbox):
        """Without a group nothing but a pause holds it; each step is told with figures.

        The watchdog does not take who was stopped for hung.
        """
        sandbox.bring_up()
        sandbox.live(20, cpu=0.9)
        assert steps(sandbox) == ["warn", "throttle", "pause"]
        told = sandbox.machine.log.of("governor.stepped")[-1]
        assert (told["what"], told["limit"], told["before"]) == ("cpu_percent", 50.0, "throttle")
        assert 80 < told["value"] < 100
        assert sandbox.signals(signal.SIGSTOP) == [sandbox.pid]
        assert sandbox.keeper.state_word() == "paused"
        assert notes(sandbox)["governor"].startswith("it is paused: it takes more than 50 %")
        with pytest.raises(Refused, match="zone archive: it is paused"):
            sandbox.keeper.request("anything", {}, 1.0)
        sandbox.live(20)
        assert sandbox.machine.processes.killed() == []

    def test_it_is_let_go_after_calm_and_held_again_at_once(self, sandbox):
        """One step at a time; who goes on as before is back where he was with the first look."""
        sandbox.bring_up()
        sandbox.live(16, cpu=0.9)
        sandbox.live(32)
        assert steps(sandbox)[-2:] == ["pause", "throttle"]
        assert sandbox.signals(signal.SIGCONT) == [sandbox.pid]
        assert sandbox.keeper.state_word() == "ready"
        sandbox.live(4, cpu=0.9)
        assert steps(sandbox)[-2:] == ["throttle", "pause"]

    def test_a_group_holds_it_to_a_smaller_share(self, sandbox, groups):
        """Then it goes no farther than that; the share is given back after calm, to see."""
        sandbox.keeper.limits.enclosure._cgroups = groups
        groups.used = Usage(0, 0, 0.0)
        sandbox.bring_up()
        group = groups.groups["archive"]
        for second in range(1, 20):
            group.used = Usage(0, 0, 0.4 * second)
            sandbox.live(1, cpu=0.5)
        assert steps(sandbox) == ["warn", "throttle"]
        assert group.limits.cpu_percent == RULES.throttle_percent
        for second in range(20, 60):
            group.used = Usage(0, 0, 0.4 * second)
            sandbox.live(1, cpu=0.2)
        assert steps(sandbox)[2] == "warn" and steps(sandbox)[3] == "throttle"

    def test_events_that_pile_up_throttle_it(self, sandbox):
        """As its heartbeats tell; it is not stopped for it: nothing would be sent then."""
        sandbox.bring_up()
        sandbox.live(40, waiting=11)
        assert steps(sandbox) == ["warn", "throttle"]
        assert sandbox.machine.log.of("governor.stepped")[0]["what"] == "events"

    def test_it_gives_way_to_others(self, sandbox):
        """What is asked of it for the machine's sake is told so, caused by what tells of that."""
        sandbox.bring_up()
        sandbox.keeper.limits.governor.press(Step.PAUSE, b"overload")
        sandbox.live(3)
        (told,) = sandbox.machine.log.of("governor.stepped")
        assert told["step"] == "pause" and told["why"] == "the machine is overloaded"
        (event,) = (e for e, kind in sandbox.machine.log.named.items() if kind.startswith("gov"))
        assert sandbox.machine.log.causes[event] == b"overload"
        sandbox.keeper.limits.governor.press(Step.NONE, b"")
        sandbox.live(3)
        assert steps(sandbox) == ["pause", "none"] and notes(sandbox) == {}
        assert sandbox.signals(signal.SIGCONT) == [sandbox.pid]

    def test_who_grows_leaves_in_order(self, sandbox):
        """It is told to drain, by the same road as a soft restart."""
        sandbox.bring_up()
        sandbox.machine.loads.takes[sandbox.pid] = taken(850)
        sandbox.machine.clock.advance(3)
        sandbox.round(1)
        assert steps(sandbox) == ["restart"]
        assert isinstance(parse_message(sandbox.peer.recv()), Drain)
        sandbox.machine.processes.end(sandbox.pid, code=0)
        sandbox.round()
        pid, peer = sandbox.fork()
        sandbox.say(peer, Ready({}))
        wait_until("the next one", sandbox.is_served)
        sandbox.machine.clock.advance(3)
        sandbox.round(1)
        assert steps(sandbox) == ["restart", "none"] and sandbox.keeper.active.pid == pid

    def test_who_is_paused_leaves_all_the_same(self, sandbox):
        """At a stop, and when another generation comes: it runs again to hear of it."""
        sandbox.bring_up()
        sandbox.keeper.limits.governor.press(Step.PAUSE, b"")
        sandbox.live(3)
        sandbox.keeper.learn(sup.StopAsked())
        assert sandbox.signals(signal.SIGCONT) == [sandbox.pid]
        sandbox.live(3)
        assert sandbox.signals(signal.SIGSTOP) == [sandbox.pid], "and is not stopped again"
