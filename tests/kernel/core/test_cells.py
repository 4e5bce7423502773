"""Temporary processes of one kind in a kernel on paper: their turn, their ends, the stop."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.errors import Refused
from Kernel.contract.zygote_protocol import Fork
from Kernel.core.cell import CellOrder, How
from Kernel.core.cell_queue import QueueLimits, Words
from Kernel.core.cells import PATIENCE_S, Cells, Stay
from tests.support.fake_cgroups import FakeCgroups
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel

WORDS = Words("try", "trial", "trials", "molt ps")


class Scene:
    """A world that ticks, and room for one trial and one more that waits."""

    def __init__(self, machine: FakeMachine, folder: Path) -> None:
        self.machine = machine
        self.kernel = PaperKernel(machine, folder)
        self.kernel.start()
        self.world = self.kernel.world
        self.limits = QueueLimits(1, 1)
        self.cells = Cells(self.world.parts, "trial", WORDS, lambda: self.limits)
        self.begun: list[bytes] = []
        self.stays: list[Stay] = []
        self.able(["trial", "call"])

    def able(self, roles: object) -> None:
        """Let the zygote that serves say which cells it can fork."""
        assert self.world.line is not None
        self.world.line.facts = {**self.world.line.facts, "cells": roles}

    def ask(self, job: bytes = b"a", error: Refused | None = None) -> Stay:
        """Ask for one more."""

        def order() -> CellOrder:
            if error is not None:
                raise error
            return CellOrder("trial", job, 30.0)

        stay = self.cells.ask(self.world, order, lambda: self.begun.append(job))
        self.stays.append(stay)
        return stay

    @property
    def counts(self) -> tuple[int, int]:
        """How many run, and how many wait."""
        there = [stay for stay in self.stays if stay.end is None]
        running = sum(stay.runs for stay in there)
        return running, len(there) - running

    def round(self) -> None:
        """Some rounds of the kernel."""
        for _ in range(3):
            self.machine.loop.turn()
            for exit_ in self.machine.processes.reap():
                if not self.world.on_exit(exit_):
                    self.cells.on_exit(exit_)
            self.kernel.zones.look()
            self.cells.look()

    def bear(self) -> int:
        """Fork the one that was asked for."""
        pid = self.machine.processes.new_pid()
        self.machine.zygote.fork(pid)
        self.round()
        return pid


@pytest.fixture
def scene(machine: FakeMachine, tmp_path: Path) -> Iterator[Scene]:
    """Give such a kernel."""
    scene = Scene(machine, tmp_path)
    yield scene
    scene.cells.close()
    scene.round()
    scene.kernel.close()
    machine.processes.close()


class TestTurns:
    def test_one_after_the_other(self, scene):
        """The second waits until the first is over, whatever became of it; a third is refused."""
        first, second = scene.ask(b"1"), scene.ask(b"2")
        with pytest.raises(Refused, match="cannot try: 0 trials run and 2 wait; the limit is 1"):
            scene.ask(b"3")
        scene.round()
        pid = scene.bear()
        assert scene.begun == [b"1"] and first.runs and first.pid == pid
        assert scene.counts == (1, 1) and scene.cells.before(second) == 0
        with pytest.raises(Refused, match="cannot try: 1 trial runs and 1 waits; the limit is 1"):
            scene.ask(b"3")
        scene.machine.processes.end(pid, number=signal.SIGSEGV)
        scene.round()
        assert first.end.how is How.DIED and scene.begun == [b"1", b"2"]
        scene.machine.processes.end(scene.bear(), code=0)
        scene.round()
        assert second.end.how is How.ANSWERED and scene.counts == (0, 0)

    def test_one_that_waits_is_given_up(self, scene):
        """It never begins; its place in the queue is free at once."""
        scene.ask(b"1")
        second = scene.ask(b"2")
        scene.round()
        scene.cells.give_up(second, "who asked has gone")
        assert second.end.how is How.GIVEN_UP and second.end.why == "who asked has gone"
        scene.ask(b"3")
        assert scene.counts == (1, 1) and scene.begun == [b"1"]

    def test_one_that_runs_is_given_up(self, scene):
        """Its place is free once its process is gone."""
        stay = scene.ask()
        scene.round()
        pid = scene.bear()
        scene.cells.give_up(stay, "who asked has gone")
        assert stay.end is None and scene.counts == (1, 0)
        scene.round()
        assert stay.end.how is How.GIVEN_UP and scene.machine.processes.killed() == [pid]
        assert scene.counts == (0, 0) and scene.cells.pids() == []


class TestNobodyToForkIt:
    def test_a_zygote_is_waited_for(self, scene):
        """Dead just now: the next one is asked, and nobody else is harmed."""
        scene.machine.processes.end(scene.machine.zygote.pid, number=signal.SIGKILL)
        stay = scene.ask()
        scene.round()
        assert stay.end is None and not scene.begun
        scene.machine.zygote.prepare({**scene.world.facts, "cells": ["trial"]})
        scene.round()
        asked = scene.machine.zygote.expect(Fork)
        while asked.role != "trial":
            asked = scene.machine.zygote.expect(Fork)
        assert scene.begun == [b"a"]

    def test_not_for_ever(self, scene):
        """After PATIENCE_S it is over, with the reason."""
        scene.machine.processes.end(scene.machine.zygote.pid, number=signal.SIGKILL)
        stay = scene.ask()
        scene.round()
        assert scene.cells.next_look_s() == scene.machine.clock.now_s() + PATIENCE_S
        scene.machine.clock.advance(PATIENCE_S)
        scene.cells.look()
        assert stay.end.how is How.UNBORN and "in 30 s" in stay.end.why
        assert scene.counts == (0, 0)

    @pytest.mark.parametrize("roles", [None, "trial", ["call"], 7])
    def test_a_generation_of_before_there_were_cells(self, scene, roles):
        """A slot, or the generation before: it is not asked for what it cannot do."""
        scene.able(roles)
        stay = scene.ask()
        scene.round()
        assert stay.end.how is How.UNBORN and "of before" in stay.end.why

    def test_what_it_is_given_cannot_be_made(self, scene):
        """The refusal is its end, with what helps."""
        stay = scene.ask(error=Refused("cannot copy the world: no room", "molt doctor"))
        scene.round()
        assert stay.end.why == "cannot copy the world: no room" and stay.hint == "molt doctor"

    def test_a_fork_waits_for_a_good_moment(self, scene, monkeypatch):
        """Not while a tick is computed; the loop looks again soon, and not for ever."""
        monkeypatch.setattr(scene.world, "is_good_moment", lambda: False)
        scene.ask()
        scene.round()
        assert scene.cells.postponed and not scene.begun
        scene.machine.clock.advance(PATIENCE_S)
        scene.cells.look()
        assert scene.begun == [b"a"] and not scene.cells.postponed


class TestStop:
    def test_all_are_ended_and_none_is_taken(self, scene):
        """Who runs is killed, who waits is told, who comes is refused."""
        first, second = scene.ask(b"1"), scene.ask(b"2")
        scene.round()
        pid = scene.bear()
        scene.cells.close()
        scene.round()
        assert [each.end.how for each in (first, second)] == [How.STOPPED] * 2
        assert scene.machine.processes.killed() == [pid]
        with pytest.raises(Refused, match="cannot try: the kernel is being stopped"):
            scene.ask()


class TestCage:
    def test_a_cage_that_holds_nothing_lets_nobody_in(self, scene):
        """Grade D: refused at once, unless the operator says otherwise."""
        scene.world.line.facts["cage"] = {"grade": "D", "means": "no filter", "layers": []}
        with pytest.raises(Refused, match="cannot try: the cage has grade D: no filter"):
            scene.ask()
        scene.world.config = replace(scene.world.config, uncaged=True)
        assert scene.ask().end is None

    def test_each_is_in_a_group_of_its_own(self, machine, tmp_path):
        """By the number of its stay; the group goes when it does."""
        machine.cgroups = FakeCgroups()
        scene = Scene(machine, tmp_path)
        scene.ask()
        scene.round()
        assert sorted(machine.cgroups.groups) == ["stable", "trial-1"]
        scene.machine.processes.end(scene.bear(), code=0)
        scene.round()
        assert sorted(machine.cgroups.groups) == ["stable"]
        scene.kernel.close()
        machine.cgroups.close()
