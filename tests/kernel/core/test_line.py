"""A generation and its zygote: what goes wrong between them, and what is heard all the same."""

import signal
from pathlib import Path

import pytest

from Kernel.contract.zygote_protocol import Fork, Forked, Prepared, Unforked, Unprepared, send
from Kernel.core.generations import FINGERPRINT_S
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine
from tests.support.toy import service as toy


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Stage:
    """Give a keeper at its beginning."""
    return Stage(machine, folders)


class TestZygoteTrouble:
    def test_zygote_dying_with_a_fork_outstanding(self, stage):
        """The owed process is forgotten, its eventfds closed, and a new zygote is asked again."""
        stage.prepare()
        stage.found()
        stage.machine.zygote.fork(0, quiet=True)
        door_count = len(stage.keeper._seats._seats)
        stage.die(stage.machine.zygote.pid, number=signal.SIGKILL)
        assert door_count == 1 and not stage.keeper._seats._seats and not stage.keeper.berths()
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
