"""An arena keeper over a real arena file, with processes that exist on paper only."""

import os
import signal
from pathlib import Path

import pytest

from Kernel.contract.arena import Header, Side
from Kernel.contract.errors import Refused
from Kernel.contract.robust_mutex import MUTEX_BYTES
from Kernel.contract.zygote_protocol import Forked
from Kernel.core import supervisor as sup
from Kernel.core.drill import DrillFault, begin_drill
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine

PERIOD_NS = 4_000_000
HUNG_S = 0.3


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Stage:
    """Give a keeper at its beginning."""
    return Stage(machine, folders)


class TestComingUp:
    def test_from_nothing_to_active_and_heir(self, stage):
        """Zygote, founder, active, heir: in that order, each asked for once."""
        active, heir = stage.serve()
        zone = stage.keeper.state
        assert (zone.active.pid, zone.heir.pid) == (active, heir) and zone.heir.ready
        assert not stage.machine.zygote.is_asked(), "nothing more is wanted"
        assert stage.words.get(Header.PERMISSION) == heir
        assert stage.keeper.state_word() == "ready" and zone.restarts == 0

    def test_permission_waits_for_ready(self, stage):
        """Nobody is named before an heir is ready; pacing is set with the first name."""
        stage.prepare()
        stage.found()
        pid = stage.fork_heir(ready=False)
        assert stage.words.get(Header.PERMISSION) == 0
        stage.machine.zygote.ring(1 + 1)  # serial 1 was the founder
        stage.round()
        assert stage.words.get(Header.PERMISSION) == pid
        assert stage.words.get(Header.ANCHOR_TICK) == stage.words.get(Header.COMMIT) + 1

    def test_ready_may_come_before_the_news_of_birth(self, stage):
        """An heir that rings before its Forked is read is ready all the same."""
        stage.prepare()
        stage.found()
        request = stage.machine.zygote.fork(0, quiet=True)
        stage.machine.zygote.ring(request.serial)
        stage.round()
        assert stage.keeper.state.heir is None
        stage.machine.zygote.say(Forked(request.serial, 77))
        stage.round()
        assert stage.keeper.state.heir == sup.Process(77, stage.machine.clock.now_s(), ready=True)
        assert stage.words.get(Header.PERMISSION) == 77

    def test_arena_that_is_there_is_taken(self, machine, folders):
        """A second boot founds nothing: it takes the arena with its tick."""
        first = Stage(machine, folders)
        first.serve()
        for _ in range(6):
            first.tick()
        second = Stage(machine, folders)
        second.prepare()
        assert second.keeper.tick() == first.keeper.tick() > 6 and second.keeper.state.founded
        assert second.keeper.resumed_tick == second.keeper.tick()
        assert first.keeper.resumed_tick is None, "it founded its world itself"
        assert second.words.get(Header.OWNER) == second.words.get(Header.PERMISSION) == 0

    def test_world_from_a_snapshot_is_no_new_one(self, machine, folders):
        """A founder that restores a snapshot founds nothing: its world has a tick already."""
        first = Stage(machine, folders)
        first.serve()
        kept = folders[1] / "kept"
        (folders[0] / "stable.arena").rename(kept)
        second = Stage(machine, folders)
        second.prepare()
        assert second.keeper.resumed_tick is None
        founder = machine.processes.new_pid()
        machine.zygote.fork(founder)
        second.round()
        kept.rename(folders[0] / "stable.arena")
        machine.processes.end(founder, code=0)
        second.round()
        assert second.keeper.resumed_tick == second.keeper.tick() == first.keeper.tick() > 0

    def test_heir_is_handed_all_it_needs(self, stage):
        """Arena, side page, mutex, two eventfds and a file for stacks go to an heir, by name."""
        stage.prepare()
        stage.found()
        request = stage.machine.zygote.fork(5)
        assert request.descriptors == ["arena", "side", "mutex", "door", "ring", "stack"]

    def test_second_choice_folder_is_reported(self, stage):
        """An arena that is not in shared memory is a degraded state people can see."""
        stage.prepare()
        stage.found(folder=1)
        assert stage.keeper.state.founded
        (note,) = stage.keeper.notes
        assert str(stage.folders[0]) in note["why"] and note["hint"]


class TestDeaths:
    def test_heir_takes_over(self, stage):
        """The active process is killed from outside: its heir serves, nothing is counted."""
        active, heir = stage.serve()
        stage.die(active, number=signal.SIGKILL)
        assert stage.keeper.active is None
        assert stage.words.get(Header.PERMISSION) == heir
        stage.take_over(heir)
        zone = stage.keeper.state
        assert zone.active.pid == heir and zone.restarts == 1 and zone.patience.failures == 0
        assert stage.words.get(Header.PERMISSION) == 0, "the next heir is not ready yet"
        assert stage.words.get(Header.PERMISSION) != stage.fork_heir(ready=False)

    def test_nobody_waits_for_a_mutex_that_the_dead_have_left(self, stage):
        """An heir whose turn it is hangs, and so would the next on the same mutex: it is new."""

        def mutex() -> int:
            return os.fstat(stage.keeper.arena.mutex_fd).st_ino

        active, heir = stage.serve()
        first = mutex()
        stage.die(active, number=signal.SIGKILL)
        assert mutex() == first, "the heir waits for this one"
        stage.machine.clock.pass_time(HUNG_S, stage.round)
        assert (heir, signal.SIGKILL) in stage.machine.processes.signals, "it waits for ever"
        stage.die(heir, number=signal.SIGKILL)
        stage.fork_heir()
        assert mutex() != first
        assert os.fstat(stage.keeper.arena.mutex_fd).st_size == MUTEX_BYTES

    @pytest.mark.parametrize(
        ("ticks", "code", "number", "failures"),
        [
            (1, None, signal.SIGKILL, 0),  # from outside
            (0, None, signal.SIGKILL, 1),  # had not committed a tick since it took over
            (1, None, signal.SIGSEGV, 1),
            (1, 1, None, 1),
        ],
    )
    def test_what_counts_against_the_generation(self, stage, ticks, code, number, failures):
        """A fault or exit code counts, an outside kill does not, unless nothing had been done."""
        active, heir = stage.serve()
        stage.die(active, number=signal.SIGKILL)
        stage.take_over(heir, ticks)
        stage.die(heir, code=code, number=number)
        assert stage.keeper.state.patience.failures == failures

    def test_who_has_served_is_not_forgotten_while_its_heir_takes_over(self, stage):
        """Reaped between two words of the heir's takeover, a kill is still no failure."""
        active, _heir = stage.serve()
        stage.words.put(Header.FIRST_COMMIT_NS, 0)  # the heir's first word; its pid comes later
        stage.die(active, number=signal.SIGKILL)
        assert stage.keeper.state.patience.failures == 0

    def test_heir_that_never_becomes_ready(self, stage):
        """It is killed at its limit, counted, and another one is forked."""
        stage.prepare()
        stage.found()
        pid = stage.fork_heir(ready=False)
        stage.machine.clock.advance(stage.keeper.config.policy.ready_timeout_s + 0.1)
        stage.round()
        assert pid in stage.machine.processes.killed()
        assert stage.keeper.state.patience.failures == 1 and "not ready" in stage.keeper.state.why
        stage.fork_heir()
        assert stage.keeper.state.heir.ready

    def test_hung_active_is_killed_and_counted(self, stage):
        """Commit and liveness words still past the deadline: killed, and that is a failure."""
        active, _heir = stage.serve()
        stage.round()
        stage.machine.clock.pass_time(HUNG_S, stage.round)
        stage.round()
        assert stage.machine.processes.killed() == [active]
        assert stage.keeper.state.patience.failures == 1
        assert "no progress in 250 ms" in stage.keeper.state.why

    def test_liveness_alone_keeps_the_watchdog_quiet(self, stage):
        """A world that stands still on purpose bumps its liveness word and lives."""
        stage.serve()
        for beat in range(1, 20):
            stage.keeper.arena.side[Side.LIVENESS] = beat
            stage.round(1)
            stage.machine.clock.pass_time(HUNG_S / 2, stage.round)
        assert not stage.machine.processes.killed()

    def test_heir_that_does_not_take_over_is_killed(self, stage):
        """With the active gone, an heir that may and does not is hung."""
        active, heir = stage.serve()
        stage.die(active, number=signal.SIGKILL)
        stage.machine.clock.pass_time(HUNG_S, stage.round)
        stage.round()
        assert stage.machine.processes.killed() == [heir]

    def test_heir_is_not_blamed_for_the_standstill_before_its_turn(self, stage):
        """Who hung and is killed from outside just in time leaves its heir a whole deadline."""
        active, heir = stage.serve()
        stage.round()
        stage.machine.clock.pass_time(0.24, stage.round)
        stage.machine.processes.end(active, number=signal.SIGKILL)
        stage.machine.clock.advance(0.02)
        stage.round()
        assert heir not in stage.machine.processes.killed()

    def test_restart_is_counted_when_the_takeover_is_seen_first(self, stage):
        """The heir may ring before the death is reaped: one restart, nobody left in the books.

        It may be alive: who gave the right to write away unasked is ended at once.
        """
        active, heir = stage.serve()
        stage.take_over(heir)
        assert stage.machine.processes.killed() == [active]
        assert stage.keeper.restarts == 1 and not stage.keeper.state.leaving
        assert active not in stage.keeper.pids()

    def test_who_was_asked_to_leave_has_its_time(self, stage):
        """It has given the right back as it was told to, and may end in order."""
        active, heir = stage.serve()
        stage.keeper.drain()
        stage.take_over(heir)
        assert [each.pid for each in stage.keeper.state.leaving] == [active]
        assert not stage.machine.processes.killed()


class TestPace:
    @pytest.mark.parametrize(
        ("word", "value"),
        [
            (Header.PERIOD_NS, 2**63),
            (Header.PERIOD_NS, 0),
            (Header.ANCHOR_NS, 2**63),
        ],
    )
    def test_a_beat_that_was_written_over_is_set_right(self, stage, word, value):
        """Else the world would wait for good, and its liveness would say that all is well."""
        stage.serve()
        stage.machine.clock.advance(0.001)
        stage.words.put(Header.ANCHOR_NS, stage.machine.clock.now_ns())
        stage.words.put(Header.ANCHOR_TICK, stage.words.get(Header.COMMIT) + 1)
        stage.round()
        assert not stage.keeper.notes, "an honest beat is left alone"
        stage.words.put(word, value)
        stage.round()
        words = stage.words
        ticks = words.get(Header.COMMIT) + 1 - words.get(Header.ANCHOR_TICK)
        due_ns = words.get(Header.ANCHOR_NS) + ticks * PERIOD_NS
        assert words.get(Header.PERIOD_NS) == PERIOD_NS
        assert due_ns - stage.machine.clock.now_ns() <= PERIOD_NS
        assert [note["what"] for note in stage.keeper.notes] == ["stable: pace"]
        stage.machine.clock.advance(stage.keeper.config.policy.healthy_after_s + 1)
        stage.round()
        assert not stage.keeper.notes, "it is a fact of the past"


class TestDrills:
    @pytest.mark.parametrize("fault", list(DrillFault))
    def test_drilled_death_does_not_count(self, stage, fault):
        """Whatever the drill does to the active process, its generation is not blamed."""
        active, _heir = stage.serve()
        begin_drill(stage.keeper, fault, stage.machine.clock.now_ns())
        if fault in (DrillFault.STOP, DrillFault.HANG):
            stage.round()
            stage.machine.clock.pass_time(HUNG_S, stage.round)
            stage.round()
            assert stage.machine.processes.killed() == [active]
        else:
            assert stage.machine.processes.signals[-1][0] == active
            stage.die(active, number=stage.machine.processes.signals[-1][1])
        assert stage.keeper.active is None and stage.keeper.state.patience.failures == 0

    @pytest.mark.parametrize("by_watchdog", [True, False])
    def test_a_hang_ends_with_the_process_it_hung(self, stage, by_watchdog):
        """The drill word is taken back when its victim is gone, or the heir would hang as well."""
        active, _heir = stage.serve()
        begin_drill(stage.keeper, DrillFault.HANG, 0)
        assert stage.keeper.arena.side[Side.DRILL] == Side.DRILL_HANG
        if by_watchdog:
            stage.round()
            stage.machine.clock.pass_time(HUNG_S, stage.round)
            stage.round()
        else:
            stage.die(active, number=signal.SIGKILL)
        assert stage.keeper.arena.side[Side.DRILL] == 0

    def test_no_drill_without_a_ready_heir(self, stage):
        """A drill that would cost the world ticks is refused, with the command to wait by."""
        stage.prepare()
        with pytest.raises(Refused, match="cannot drill stable"):
            begin_drill(stage.keeper, DrillFault.KILL, 0)
        stage.found()
        stage.take_over(stage.fork_heir())
        with pytest.raises(Refused, match="heir is not ready"):
            begin_drill(stage.keeper, DrillFault.KILL, 0)
