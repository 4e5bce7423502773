"""Who hangs is asked for its stacks and ended; who is starved or stopped is not blamed."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

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
