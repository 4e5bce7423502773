"""An arena keeper over a real arena file, with processes that exist on paper only."""

import signal
from pathlib import Path

import pytest

from Kernel.contract.arena import Header, Side
from Kernel.contract.errors import Refused
from Kernel.contract.zygote_protocol import Fork, Forked, Prepared, Unforked, Unprepared, send
from Kernel.core import supervisor as sup
from Kernel.core.drill import DrillFault, begin_drill
from Kernel.core.generations import FINGERPRINT_S
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine
from tests.support.toy import service as toy

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


class TestZygoteTrouble:
    def test_zygote_dying_with_a_fork_outstanding(self, stage):
        """The owed process is forgotten, its eventfds closed, and a new zygote is asked again."""
        stage.prepare()
        stage.found()
        stage.machine.zygote.fork(0, quiet=True)
        door_count = len(stage.keeper._doors)
        stage.die(stage.machine.zygote.pid, number=signal.SIGKILL)
        assert door_count == 1 and not stage.keeper._doors and not stage.keeper.berths()
        assert len(stage.machine.processes.zygotes) == 2
        stage.machine.zygote.prepare(toy.Generation({}).facts)
        stage.round()
        stage.fork_heir()
        assert stage.keeper.state.heir.ready

    def test_last_words_of_a_zygote_count(self, stage):
        """A Forked sent just before the zygote died makes the process known."""
        stage.prepare()
        stage.found()
        stage.machine.zygote.fork(4321)
        stage.machine.processes.end(stage.machine.zygote.pid, number=signal.SIGKILL)
        for exit_ in stage.machine.processes.reap():  # before the road was read
            stage.keeper.on_exit(exit_)
        assert stage.keeper.state.heir.pid == 4321

    def test_nobody_is_announced_on_a_road_that_is_given_up(self, stage):
        """A birth announced after the kernel's last look fails, so that nobody is left over."""
        stage.prepare()
        stage.found()
        request = stage.machine.zygote.fork(0, quiet=True)
        between = stage.machine.zygote.road.dup()  # the process between has its own copy
        outcomes = []

        road_fd = stage.machine.zygote.handle.road.fileno()

        def announce_late(source: object) -> None:
            if source == road_fd:
                try:
                    send(between, Forked(request.serial, 4321))
                    outcomes.append("told")
                except OSError:
                    outcomes.append("refused")
            real_unwatch(source)

        real_unwatch = stage.machine.loop.unwatch
        stage.machine.loop.unwatch = announce_late  # the last act before the road is closed
        stage.die(stage.machine.zygote.pid, number=signal.SIGKILL)
        between.close()
        assert outcomes == ["refused"]

    def test_words_left_by_a_zygote_that_hung_up_on_us(self, stage):
        """A death with our question unread resets the road: what was said before is read still."""
        stage.prepare()
        stage.found()
        stage.machine.zygote.say(Forked(2, 4321))  # the Fork itself stays unread
        stage.die(stage.machine.zygote.pid, number=signal.SIGKILL)
        assert stage.keeper.berth_of(4321) is not None

    def test_death_of_a_process_nobody_has_heard_of_yet(self, stage):
        """An heir that died before its birth was read is known by then, and forgotten again."""
        stage.prepare()
        stage.found()
        stage.machine.zygote.fork(4321)
        stage.machine.processes.end(4321, number=signal.SIGKILL)
        for exit_ in stage.machine.processes.reap():
            assert stage.keeper.on_exit(exit_)
        assert stage.keeper.state.heir is None and not stage.keeper.berths()
        assert stage.keeper.state.patience.failures == 1, "it had done nothing"

    @pytest.mark.parametrize(
        "data",
        [
            b"\xc1",
            b"nonsense",
            b"\x81\xa2is\xa4Nope",
            b"\x81\xa2is\x90",
            b"\x81\xa2is\xa6Forked",
            b"\x83\xa2is\xa6Forked\xa6serial\x01\xa3pid\xa3abc",
            b"\x83\xa2is\xa6Forked\xa6serial\x90\xa3pid\x05",
            b"\x83\xa2is\xa8Prepared\xa3pid\x05\xa5facts\x01",
            b"\x83\xa2is\xa8Prepared\xa3pid\x05\xa5facts\x80",
            b"\x84\xa2is\xa4Fork\xa6serial\x01\xa4role\xa4heir\xabdescriptors\x90",
            b"\x84\xa2is\xaaUnprepared\xa4code\xa1x\xa7message\x01\xa4hint\x02",
        ],
    )
    def test_nonsense_ends_the_zygote_and_not_the_kernel(self, stage, data):
        """Whatever a zygote sends that it may not: it is killed, and a new one is started."""
        stage.prepare()
        stage.found()
        pid = stage.machine.zygote.pid
        stage.machine.zygote.say_raw(data)
        stage.round()
        assert pid in stage.machine.processes.killed()
        assert stage.keeper.state.zygote is not None and stage.keeper.state.zygote.pid != pid
        assert stage.keeper.state.zygote_patience.failures == 1

    @pytest.mark.parametrize(
        ("ready", "end", "blamed"),
        [
            (True, {"number": signal.SIGKILL}, False),
            (False, {"number": signal.SIGKILL}, True),
            (True, {"number": signal.SIGSEGV}, True),
            (True, {"code": 1}, True),
        ],
    )
    def test_zygote_killed_from_outside_is_not_blamed(self, stage, ready, end, blamed):
        """A plain SIGKILL of a prepared zygote is no evidence; any other end of one is."""
        if ready:
            stage.prepare()
        stage.round()
        stage.die(stage.machine.zygote.pid, **end)
        assert stage.keeper.state.zygote_patience.failures == blamed

    def test_births_behind_nonsense_are_still_heard(self, stage):
        """A process announced behind a malformed message exists: it must not be left over."""
        stage.prepare()
        stage.found()
        request = stage.machine.zygote.fork(0, quiet=True)
        stage.machine.zygote.say_raw(b"nonsense")
        stage.machine.zygote.say(Forked(request.serial, 4321))
        stage.round()
        assert stage.keeper.berth_of(4321) is not None

    def test_forked_nobody_asked_for_changes_nothing(self, stage):
        """An unknown serial, a serial twice, or pid 1 is not believed."""
        stage.serve()
        before = stage.keeper.state
        for serial, pid in ((99, 5), (2, 5), (3, 5), (99, 1), (99, -1)):
            stage.machine.zygote.say(Forked(serial, pid))
        stage.round()
        assert stage.keeper.state == before and stage.keeper.berth_of(5) is None

    def test_refused_settings_are_kept_for_people(self, stage):
        """Unprepared is remembered, and its hint, until a mended one is prepared."""
        stage.round()
        stage.machine.zygote.say(Unprepared(78, "cannot use world.yaml: seed is -1", "edit it"))
        stage.round()
        assert stage.keeper.unprepared == Unprepared(
            78, "cannot use world.yaml: seed is -1", "edit it"
        )
        stage.die(stage.machine.zygote.pid, code=78)
        assert stage.keeper.ladder.gave_up and len(stage.machine.processes.zygotes) == 1
        stage.machine.versions.version = "mended"
        stage.machine.clock.advance(FINGERPRINT_S)
        stage.prepare()
        assert stage.keeper.unprepared is None

    @pytest.mark.parametrize("missing", ["schema_hash", "period_ns", "parameters"])
    def test_facts_that_lack_something_end_the_zygote(self, stage, missing):
        """A generation that does not say what it must is not used, and does not end the kernel."""
        stage.round()
        facts = toy.Generation({}).facts
        del facts[missing]
        pid = stage.machine.zygote.pid
        stage.machine.zygote.say(Prepared(pid, facts))
        stage.round()
        assert pid in stage.machine.processes.killed() and stage.keeper.state.founded is False

    @pytest.mark.parametrize("phases", ["index", [1], ["x" * 33], ["x"] * 33, {"a": 1}, None])
    def test_phases_that_are_no_short_names_end_the_zygote(self, stage, phases):
        """A generation whose phases are not at most 32 short names is not used."""
        stage.round()
        pid = stage.machine.zygote.pid
        stage.machine.zygote.prepare(toy.Generation({}).facts | {"phases": phases})
        stage.round()
        assert pid in stage.machine.processes.killed() and stage.keeper.phases == ()

    def test_zygote_that_finds_no_room_stays(self, stage):
        """EAGAIN at a fork: the zygote lives, what was held is closed, it is asked again, later."""
        stage.prepare()
        stage.found()
        machine, policy = stage.machine, stage.keeper.config.policy
        before = len(stage.keeper.line.berths)
        for _ in range(policy.failures_max + 1):
            request = machine.zygote.expect(Fork)
            machine.zygote.say(Unforked(request.serial, "cannot fork: no room"))
            stage.round()
            assert len(stage.keeper.line.berths) <= before + 1
            if not machine.zygote.is_asked():
                machine.clock.advance(policy.backoff_cap_s)
                stage.round()
        assert not machine.processes.killed() and not stage.keeper.line.spent()
        assert stage.keeper.state.why == "cannot fork: no room"
        assert stage.keeper.state.machine_patience.failures > policy.free_failures
        stage.fork_heir()
        assert stage.keeper.state.machine_patience.failures == 0

    def test_machine_that_cannot_start_a_process(self, stage):
        """EAGAIN at the start of a zygote is met with patience, and is no fault of the code."""
        stage.machine.processes.refusal = OSError(11, "Resource temporarily unavailable")
        stage.round(20)
        tries = stage.keeper.state.machine_patience.failures
        assert 1 <= tries <= stage.keeper.config.policy.free_failures + 1
        for _ in range(stage.keeper.config.policy.failures_max + 1):
            stage.machine.clock.advance(stage.keeper.config.policy.backoff_cap_s)
            stage.round()
        assert not stage.keeper.line.spent() and not stage.keeper.ladder.gave_up
        assert "unavailable" in stage.keeper.state.why
        stage.machine.processes.refusal = None
        stage.machine.clock.advance(stage.keeper.config.policy.backoff_cap_s)
        stage.prepare()
        assert stage.keeper.state.zygote.ready

    def test_settings_that_cannot_be_sent(self, machine, folders):
        """Settings no message can carry end the zygote, not the kernel."""
        stage = Stage(machine, folders)
        stage.keeper.config.settings["huge"] = "x" * (1 << 22)
        stage.round(1)
        assert machine.zygote.pid in machine.processes.killed()


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
        """The heir may ring before the death is reaped: one restart, nobody left in the books."""
        active, heir = stage.serve()
        stage.take_over(heir)
        assert [each.pid for each in stage.keeper.state.leaving] == [active]
        stage.die(active, number=signal.SIGKILL)
        assert stage.keeper.restarts == 1 and not stage.keeper.state.leaving
        assert active not in stage.keeper.pids()


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
