"""How a generation comes by its zygote: forked where that is the same, else started by exec."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.zygote_protocol import ZYGOTE, Configure, Unforked
from Kernel.core.zygote_start import BORN_S
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine, FakeZygote
from tests.support.toy import service as toy

ABLE = toy.Generation({}).facts | {ZYGOTE: True}


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Iterator[Stage]:
    """Give a zone that is up, whose zygote can fork others."""
    stage = Stage(machine, folders)
    stage.prepare(**ABLE)
    stage.found()
    stage.active = stage.fork_heir()
    stage.take_over(stage.active)
    stage.fork_heir()
    stage.tick()
    stage.keeper.traits.hashes = ["1" * 64]
    yield stage


def begin(stage: Stage, **how: bool) -> FakeZygote:
    """Begin a generation and return the zygote that serves."""
    serving = stage.machine.zygote
    stage.keeper.generations.renew(**how)
    stage.round()
    return serving


def is_started(stage: Stage, serving: FakeZygote) -> bool:
    """Tell whether the second zygote was started by exec, and nothing is asked of the first."""
    second = stage.machine.processes.zygotes[1:]
    return [each.service for each in second] == ["tests.support.toy"] and not serving.is_asked()


class TestForked:
    def test_a_new_generation_is_forked_from_the_one_that_serves(self, stage):
        """It is told its traits on a road of its own, forks the heir, and that takes over."""
        born = stage.machine.processes.fork_zygote(begin(stage))
        stage.round()
        assert len(stage.machine.processes.zygotes) == 2, "nobody was started"
        configure = born.prepare(ABLE)
        assert configure == Configure("stable", "/nowhere", {}, ["1" * 64])
        stage.round()
        heir = stage.fork_heir()
        stage.take_over(heir)
        stage.die(stage.active, code=0)
        assert stage.keeper.active.pid == heir and stage.keeper.ladder.current == 2

    def test_in_a_row_each_is_forked_from_the_newest(self, stage):
        """The row is counted, and begins when its first zygote was started."""
        started_s = stage.keeper.line.made.started_s
        for forks in (1, 2, 3):
            stage.machine.clock.advance(1.0)
            active = stage.keeper.active.pid
            stage.machine.processes.fork_zygote(begin(stage))
            stage.prepare(**ABLE)
            stage.take_over(stage.fork_heir())
            stage.die(active, code=0)
            stage.fork_heir()
            made = stage.keeper.line.made
            assert (made.forks, made.started_s) == (forks, started_s)

    def test_a_zygote_that_was_killed_is_forked_from_another_generation(self, stage):
        """Not only a new generation is spared a start: so is the one that has lost its zygote."""
        born = stage.machine.processes.fork_zygote(begin(stage))
        stage.prepare(**ABLE)
        stage.die(born.pid, number=signal.SIGKILL)
        stage.machine.clock.advance(0.1)
        stage.round()
        second = stage.machine.processes.fork_zygote(stage.machine.processes.zygotes[0])
        stage.round()
        assert isinstance(second.expect(Configure), Configure)

    def test_its_death_before_the_news_of_its_birth(self, stage):
        """It is this generation's all the same, and the next one is forked for it."""
        serving = begin(stage)
        born = stage.machine.processes.fork_zygote(serving)
        stage.machine.processes.end(born.pid, number=signal.SIGKILL)
        stage.round()
        stage.machine.clock.advance(1.0)
        stage.round()
        stage.machine.processes.fork_zygote(serving)
        stage.prepare(**ABLE)
        assert stage.keeper.lines[2].prepared

    def test_no_fork_in_the_middle_of_a_tick_of_a_new_owner(self, stage):
        """It waits for its moment as an heir's does, and is looked at again soon."""
        stage.keeper.is_good_moment = lambda: False
        serving = begin(stage)
        assert not serving.is_asked() and stage.keeper.postponed
        del stage.keeper.is_good_moment
        stage.round()
        assert serving.is_asked() and not stage.keeper.postponed


class TestStarted:
    @pytest.mark.parametrize("what", ["files", "settings", "fresh", "unable", "dead"])
    def test_where_it_would_not_be_the_same(self, stage, what):
        """Other files, other settings, a fresh one asked for, nobody able or alive: by exec."""
        keeper, machine = stage.keeper, stage.machine
        match what:
            case "files":
                machine.versions.version = "b"
            case "settings":
                keeper.config = replace(keeper.config, settings={"tick_rate_ms": 9})
            case "unable":
                del keeper.line.facts[ZYGOTE]
            case "dead":
                machine.processes.end(machine.zygote.pid, number=signal.SIGKILL)
                machine.processes.refusal = OSError(11, "no room")
                stage.round()
                machine.processes.refusal = None
                machine.clock.advance(10.0)
        serving = begin(stage, fresh=what == "fresh")
        if what == "dead":  # both generations have a zygote to start
            assert [each.service for each in machine.processes.zygotes] == ["tests.support.toy"] * 3
        else:
            assert is_started(stage, serving)

    def test_a_zygote_without_room_is_not_asked_twice(self, stage):
        """It says so, stays warm, and the new one is started."""
        serving = begin(stage)
        request = serving.fork(0, quiet=True)
        serving.say(Unforked(request.serial, "no room"))
        stage.round()
        assert is_started(stage, serving) and serving.pid not in stage.machine.processes.killed()
        assert stage.machine.log.of("zygote.not_forked") == [{"zone": "stable", "why": "no room"}]

    def test_a_donor_that_dies_while_it_forks(self, stage):
        """Nobody is waited for who will not come."""
        serving = begin(stage)
        stage.die(serving.pid, number=signal.SIGKILL)
        services = [each.service for each in stage.machine.processes.zygotes]
        assert services.count("tests.support.toy") >= 2
        stage.machine.zygote.prepare(ABLE)
        stage.round()
        assert stage.keeper.active.pid == stage.active, "the world goes on"

    def test_one_that_comes_too_late_is_ended(self, stage):
        """Another was started meanwhile; whoever is born all the same finds nobody."""
        serving = begin(stage)
        stage.machine.clock.advance(BORN_S + 0.1)
        stage.round()
        assert len(stage.machine.processes.zygotes) == 2
        started = stage.machine.zygote
        late = stage.machine.processes.fork_zygote(serving)
        stage.machine.loop.turn()
        assert stage.machine.processes.killed() == [late.pid]
        stage.machine.processes.reap()
        started.prepare(ABLE)
        stage.round()
        assert stage.keeper.lines[2].prepared

    def test_one_that_nobody_needs_any_more_is_ended(self, stage):
        """A generation that is stopped while it waits for its zygote leaves nobody behind."""
        serving = begin(stage)
        line = stage.keeper.lines[2]
        line.retire(stage.machine.clock.now_s())
        late = stage.machine.processes.fork_zygote(serving)
        stage.machine.loop.turn()
        assert late.pid in stage.machine.processes.killed() and line.is_gone
