"""Who hangs is asked for its stacks and ended; who is starved or stopped is not blamed."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.arena import Header, Side
from Kernel.contract.errors import Refused
from Kernel.core.drill import DrillFault, begin_drill
from Kernel.core.watchdog import Mode
from Kernel.core.zone_watch import DUMP_S
from Kernel.ports.meters import Load
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine

HUNG_S = 0.26


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Iterator[Stage]:
    """Give a zone that is up: an active process and a ready heir."""
    stage = Stage(machine, folders)
    stage.pair = stage.serve()
    yield stage


class TestHangs:
    def test_a_hung_process_is_asked_for_its_stacks_first(self, stage):
        """SIGUSR1, a moment to write, then SIGKILL; what it wrote is told."""
        active, _heir = stage.pair
        stage.round()
        stage.machine.clock.pass_time(HUNG_S, lambda: stage.round(1))
        assert (active, signal.SIGUSR1) in stage.machine.processes.signals
        stage.machine.clock.advance(DUMP_S)
        stage.round()
        assert stage.machine.processes.killed() == [active]
        (told,) = stage.machine.log.of("zone.stack")
        assert told["pid"] == active and "no progress in 250 ms" in told["why"]

    def test_a_stopped_process_cannot_say_anything(self, stage):
        """It is ended at once: it would not wake up to write. Whoever stopped it is to blame."""
        active, _heir = stage.pair
        stage.machine.loads.state = "T"
        stage.round()
        stage.machine.clock.pass_time(HUNG_S, lambda: stage.round(1))
        assert stage.machine.processes.killed() == [active]
        assert (active, signal.SIGUSR1) not in stage.machine.processes.signals
        assert stage.keeper.state.patience.failures == 0
        assert not stage.machine.log.of("zone.evidence")

    def test_a_passive_watchdog_says_so_and_ends_nobody(self, machine, folders):
        """Degraded for as long as nothing moves; a drill that would hang it is refused."""
        stage = Stage(machine, folders)
        active, _heir = stage.serve()
        stage.keeper.config = replace(stage.keeper.config, watchdog=Mode.PASSIVE)
        for fault in (DrillFault.HANG, DrillFault.STOP):
            with pytest.raises(Refused, match="its watchdog is passive"):
                begin_drill(stage.keeper, fault, machine.clock.now_ns())
        stage.round()
        machine.clock.pass_time(1.0, lambda: stage.round(1))
        assert not machine.processes.signals
        (note,) = stage.keeper.notes
        assert note["what"] == "stable: watchdog" and f"kill -9 {active}" == note["hint"]
        stage.tick()
        stage.round()
        assert stage.keeper.notes == []

    def test_a_starved_world_is_given_one_deadline_more(self, stage):
        """Waiting for a processor is no hang; standing still for two deadlines is."""
        active, _heir = stage.pair
        clock, loads = stage.machine.clock, stage.machine.loads.loads
        began_s = clock.now_s()

        def look() -> None:
            loads[active] = Load(0, round((clock.now_s() - began_s) * 0.9e9))
            stage.round(1)

        stage.round()
        clock.pass_time(HUNG_S, look)
        assert stage.machine.log.of("zone.starved") and not stage.machine.processes.killed()
        clock.pass_time(HUNG_S, look)
        clock.advance(DUMP_S)
        stage.round()
        assert stage.machine.processes.killed() == [active]


class TestStandingBy:
    """An heir is watched like who serves, from its first beat to its turn."""

    @pytest.fixture
    def stage(self, stage):
        """Give a zone whose heir has said once that it stands by."""
        stage.machine.loads.state = "S"
        stage.beat(stage.pair[1])
        stage.round()
        return stage

    def pass_time(self, stage, seconds: float, *beating: int) -> None:
        """Let the world tick, and some stand by, for so long."""

        def look() -> None:
            stage.tick()
            for pid in beating:
                stage.beat(pid)
            stage.round(1)

        stage.machine.clock.pass_time(seconds, look)

    def test_one_that_beats_is_left_alone(self, stage):
        """However long it stands by."""
        self.pass_time(stage, 2.0, stage.pair[1])
        assert not stage.machine.processes.signals

    @pytest.mark.parametrize("state", ["T", "S"])
    def test_one_that_is_silent_is_replaced(self, stage, state):
        """Stopped or hung, it is ended at the deadline of its zone; who serves is not disturbed."""
        active, heir = stage.pair
        stage.machine.loads.state = state
        self.pass_time(stage, HUNG_S)
        stage.machine.clock.advance(DUMP_S)
        stage.round()
        assert stage.machine.processes.killed() == [heir]
        assert ((heir, signal.SIGUSR1) in stage.machine.processes.signals) is (state == "S")
        (told,) = stage.machine.log.of("zone.hung")
        assert told["pid"] == heir and "stands by" in told["why"]
        assert stage.keeper.state.patience.failures == (state == "S"), "who stops it is to blame"
        assert not stage.machine.log.of("zone.evidence")
        another = stage.fork_heir()
        assert stage.words.get(Header.PERMISSION) == another
        assert stage.keeper.active.pid == active

    def test_one_that_never_beats_is_none_of_ours(self, machine, folders):
        """A generation from before there were beats stands by in silence."""
        stage = Stage(machine, folders)
        stage.pair = stage.serve()
        machine.loads.state = "S"
        self.pass_time(stage, 1.0)
        assert not machine.processes.signals

    def test_one_that_waits_for_a_processor_is_left_alone(self, stage):
        """Another in its place would wait as well."""
        stage.machine.loads.state = "R"
        self.pass_time(stage, 1.0)
        assert not stage.machine.processes.signals and not stage.machine.log.of("zone.starved")

    def test_a_kernel_that_slept_blames_nobody(self, stage):
        """Who was not looked at may have beaten and stopped a moment ago."""
        stage.machine.clock.advance(2.0)
        stage.round()
        assert not stage.machine.processes.signals

    def test_its_turn_has_a_deadline_of_its_own(self, stage):
        """Stopped in the moment in which who serves dies, it is ended, and the next one serves."""
        active, heir = stage.pair
        stage.machine.loads.state = "T"
        stage.die(active, number=signal.SIGKILL)
        stage.machine.clock.pass_time(HUNG_S, lambda: stage.round(1))
        stage.round()
        assert stage.machine.processes.killed() == [heir]
        stage.take_over(stage.fork_heir())
        assert stage.keeper.state.patience.failures == 0

    def test_its_end_leaves_a_drill_alone(self, stage):
        """Who hangs on purpose goes on hanging until it is found itself."""
        begin_drill(stage.keeper, DrillFault.HANG, stage.machine.clock.now_ns())
        stage.machine.loads.state = "T"
        self.pass_time(stage, HUNG_S)
        assert stage.machine.processes.killed() == [stage.pair[1]]
        assert stage.keeper.arena.side[Side.DRILL] == Side.DRILL_HANG

    def test_a_passive_watchdog_says_so_until_it_beats_again(self, stage):
        """It is shown, with the command that ends it, and goes when it moves, or has ended."""
        heir = stage.pair[1]
        stage.keeper.config = replace(stage.keeper.config, watchdog=Mode.PASSIVE)
        self.pass_time(stage, 1.0)
        (note,) = stage.keeper.notes
        assert note["what"] == f"stable: heir {heir}" and note["hint"] == f"kill -9 {heir}"
        stage.beat(heir)
        stage.round()
        assert stage.keeper.notes == [] and not stage.machine.processes.signals


class TestZygotes:
    """A zygote says nothing by itself, and is needed when there is no time to lose."""

    def watch(self, stage, seconds: float = 2.5) -> None:
        """Let the world tick for so long."""

        def look() -> None:
            stage.tick()
            stage.round(1)

        stage.machine.clock.pass_time(seconds, look)

    def test_one_that_is_stopped_is_replaced(self, stage):
        """It is started anew, and who serves is not disturbed."""
        zygote = stage.machine.zygote.pid
        stage.machine.loads.state = "T"
        self.watch(stage)
        assert stage.machine.processes.killed() == [zygote]
        stage.round()
        assert stage.machine.zygote.pid != zygote and stage.keeper.active.pid == stage.pair[0]
        (died,) = stage.machine.log.of("zone.died")
        assert died["role"] == "zygote" and not died["counts"], "whoever has stopped it is to blame"

    def test_one_that_was_stopped_for_a_moment_is_left_alone(self, stage):
        """Somebody has looked into it, and lets it go on."""
        stage.machine.loads.state = "T"
        self.watch(stage, 0.5)
        stage.machine.loads.state = "S"
        self.watch(stage)
        assert not stage.machine.processes.signals

    def test_a_passive_watchdog_ends_no_zygote(self, stage):
        """It ends nobody."""
        stage.keeper.config = replace(stage.keeper.config, watchdog=Mode.PASSIVE)
        stage.machine.loads.state = "T"
        self.watch(stage)
        assert not stage.machine.processes.signals
