"""Several generations of one zone, by a keeper over fakes: renewal, going back, slot."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from Kernel.console.plans import plan_go_back
from Kernel.console.request import check_request
from Kernel.contract.arena import NEVER, Header
from Kernel.contract.errors import MoltError, NoRoom, Refused
from Kernel.contract.zygote_protocol import Unprepared
from Kernel.core.generations import FINGERPRINT_S
from Kernel.ports.versions import Source
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine
from tests.support.toy import service as toy

HUNG_S = 0.3


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Iterator[Stage]:
    """Give a zone that is up: an active process and a ready heir."""
    stage = Stage(machine, folders)
    stage.pair = stage.serve()
    yield stage


def renew(stage: Stage) -> int:
    """Bring a second generation up to a ready heir; return the heir's pid."""
    stage.keeper.generations.renew()
    stage.prepare()
    return stage.fork_heir()


def succeed(stage: Stage, heir: int, active: int) -> None:
    """Let a generation's heir take over from a process that leaves in order."""
    stage.take_over(heir)
    stage.die(active, code=0)


class TestRenewing:
    def test_the_new_generation_takes_over_at_a_tick_boundary(self, stage):
        """Its heir is named, who serves is drained, and the one before stays warm with an heir."""
        active, old_heir = stage.pair
        assert stage.words.get(Header.PERMISSION) == old_heir
        heir = renew(stage)
        assert stage.words.get(Header.PERMISSION) == heir
        assert stage.words.get(Header.DRAIN_AT) == stage.words.get(Header.COMMIT)
        succeed(stage, heir, active)
        stage.round()
        assert stage.keeper.active.pid == heir and stage.keeper.restarts == 1
        assert stage.words.get(Header.DRAIN_AT) == NEVER
        assert stage.keeper.ladder.former == 1
        assert old_heir not in stage.machine.processes.killed(), "it stands by for the guard period"

    def test_while_it_is_made_ready_nothing_changes(self, stage):
        """Preparing, and dying while preparing, costs the world nothing."""
        active, old_heir = stage.pair
        stage.keeper.generations.renew()
        stage.round()
        stage.machine.zygote.say(Unprepared(1, "cannot load it: invalid syntax", "edit it"))
        stage.round()
        stage.die(stage.machine.zygote.pid, code=78)
        assert stage.keeper.active.pid == active and not stage.keeper.ladder.incoming
        assert stage.words.get(Header.PERMISSION) == old_heir
        assert stage.words.get(Header.DRAIN_AT) == NEVER

    def test_one_at_a_time(self, stage):
        """A second renewal is refused while the first is under way."""
        stage.keeper.generations.renew()
        with pytest.raises(Refused, match="is being made ready"):
            stage.keeper.generations.renew()

    def test_an_older_heir_goes_on_when_the_new_one_dies_before_its_turn(self, stage):
        """A world is never left alone: whoever is ready is named, the newest first."""
        active, old_heir = stage.pair
        heir = renew(stage)
        stage.die(heir, number=signal.SIGKILL)
        assert stage.words.get(Header.PERMISSION) == old_heir
        stage.die(active, number=signal.SIGKILL)
        stage.take_over(old_heir)
        assert stage.keeper.active.pid == old_heir
        second = stage.fork_heir()
        assert stage.words.get(Header.PERMISSION) == second
        assert stage.words.get(Header.DRAIN_AT) == stage.words.get(Header.COMMIT)

    def test_after_the_guard_period_the_one_before_is_let_go(self, stage):
        """Zygote and heir of it are ended, and nothing of it is kept."""
        active, old_heir = stage.pair
        heir = renew(stage)
        succeed(stage, heir, active)
        stage.fork_heir()
        old_zygote = stage.machine.processes.zygotes[0].pid
        stage.machine.clock.advance(stage.keeper.rules.guard_s + 0.1)
        stage.round()
        assert {old_heir, old_zygote} <= set(stage.machine.processes.killed())
        assert set(stage.keeper.lines) == {2} and not stage.keeper.ladder.former


class TestGoingBack:
    def test_by_command_the_former_heir_takes_over_at_once(self, stage):
        """Who serves is not asked to leave: its code is not trusted any more."""
        active, old_heir = stage.pair
        heir = renew(stage)
        succeed(stage, heir, active)
        stage.keeper.generations.go_back()
        assert stage.words.get(Header.PERMISSION) == old_heir, "named before anybody is ended"
        assert heir in stage.machine.processes.killed()
        stage.take_over(old_heir)
        assert stage.keeper.active.pid == old_heir
        assert stage.keeper.state.patience.failures == 0
        stage.round()
        assert set(stage.keeper.lines) == {1}

    def test_who_only_asks_is_told_and_nothing_happens(self, stage):
        """--dry-run names who would be ended and who would serve; both go on as they were."""
        active, old_heir = stage.pair
        heir = renew(stage)
        succeed(stage, heir, active)
        killed, word = stage.machine.processes.killed(), stage.words.get(Header.PERMISSION)
        asked = check_request("go-back", {"zone": stage.keeper.config.name, "dry_run": True})
        zones = SimpleNamespace(keeper=lambda _name: stage.keeper)
        plan = plan_go_back(zones, asked)
        assert plan["pid"] == heir and f"pid {heir}" in plan["would"][0]
        assert f"pid {old_heir}" in plan["would"][1]
        assert stage.machine.processes.killed() == killed
        assert stage.words.get(Header.PERMISSION) == word
        assert stage.keeper.ladder.current == 2 and stage.keeper.active.pid == heir

    def test_without_a_former_it_is_refused(self, stage):
        """There is nothing to go back to, and it says so."""
        with pytest.raises(Refused, match="no generation before is warm"):
            stage.keeper.generations.go_back()

    def test_a_spent_budget_goes_back_by_itself(self, stage):
        """Failures in a row spend the new generation; the former heir is named."""
        active, old_heir = stage.pair
        heir = renew(stage)
        succeed(stage, heir, active)
        for _ in range(stage.keeper.config.policy.failures_max):
            second = stage.fork_heir()
            assert stage.words.get(Header.PERMISSION) == second
            stage.die(second, code=1)
            stage.machine.clock.advance(2.0)  # longer than any delay, shorter than the guard
            stage.round()
        assert stage.words.get(Header.PERMISSION) == old_heir
        assert stage.words.get(Header.DRAIN_AT) == stage.words.get(Header.COMMIT)
        succeed(stage, old_heir, heir)
        assert stage.keeper.active.pid == old_heir

    def test_an_heir_that_hangs_in_its_turn_takes_all_who_stand_by_with_it(self, stage):
        """They have the same mutex, which may be broken: of them the world would hang for ever."""
        active, old_heir = stage.pair
        heir = renew(stage)
        succeed(stage, heir, active)
        second = stage.fork_heir()
        mutex = os.fstat(stage.keeper.arena.mutex_fd).st_ino
        stage.die(heir, code=1)
        stage.machine.clock.pass_time(HUNG_S, stage.round)
        assert {second, old_heir} <= set(stage.machine.processes.killed())
        stage.fork_heir()
        assert os.fstat(stage.keeper.arena.mutex_fd).st_ino != mutex
        assert stage.keeper.ladder.current == 2, "a hang of its heirs is no proof yet"


class TestRoom:
    def test_no_room_for_an_arena_is_no_fault_of_the_code(self, machine, folders):
        """However often: the generation is not spent, and founded when there is room."""
        stage = Stage(machine, folders)
        stage.prepare()
        for _ in range(stage.keeper.config.policy.failures_max + 2):
            founder = machine.processes.new_pid()
            machine.zygote.fork(founder)
            stage.round()
            stage.die(founder, code=NoRoom.exit_code)
            if not machine.zygote.is_asked():
                machine.clock.advance(stage.keeper.config.policy.backoff_cap_s)
                stage.round()
        assert not stage.keeper.line.spent() and stage.keeper.state.patience.failures == 0
        stage.found()
        assert stage.keeper.state.founded

    def test_a_founder_whose_arena_does_not_fit_is_condemned_at_once(self, machine, folders):
        """It would make another one like it, and each would be set aside."""
        stage = Stage(machine, folders)
        stage.round()
        machine.zygote.prepare(toy.Generation({}).facts | {"schema_hash": "00" * 32})
        stage.round()
        stage.found()
        assert "does not fit it" in stage.keeper.ladder.gave_up
        assert len(list(folders[0].glob("*.set-aside-*"))) == 1


class TestSlot:
    def test_a_damaged_slot_is_read_once_and_not_in_every_round(self, machine, folders):
        """Verifying reads every file: a spent zone must not cost a core."""
        looks = []

        def fallback() -> Source | None:
            looks.append(1)
            raise MoltError("cannot use slot fallback: a.py is damaged", "make setup")

        machine.versions.fallback = fallback
        stage = Stage(machine, folders)
        stage.round()
        machine.zygote.say(Unprepared(1, "cannot load zones.world: invalid syntax", "edit it"))
        stage.round()
        stage.die(machine.zygote.pid, code=78)
        stage.round(50)
        assert len(looks) == 1

    def test_a_checkout_that_cannot_be_loaded_is_replaced_by_the_slot(self, machine, folders):
        """The slot's zygote runs from its own folder, and the state says so with what helps."""
        machine.versions.slot = Source("slot fallback", Path("/slots/fallback"))
        stage = Stage(machine, folders)
        stage.round()
        machine.zygote.say(Unprepared(1, "cannot load zones.world: invalid syntax", "edit it"))
        stage.round()
        stage.die(machine.zygote.pid, code=78)
        assert machine.zygote.root == Path("/slots/fallback")
        stage.prepare()
        stage.found()
        stage.take_over(stage.fork_heir())
        (note,) = stage.keeper.notes
        assert note["what"] == "stable: code" and "slot fallback serves" in note["why"]
        assert "invalid syntax" in note["why"]
        assert note["hint"] == "mend it: it is taken up by itself"

    def test_the_mended_checkout_comes_back_by_itself(self, machine, folders):
        """Its files change: it is prepared beside the slot and takes over at a tick boundary."""
        machine.versions.slot = Source("slot fallback", Path("/slots/fallback"))
        stage = Stage(machine, folders)
        stage.round()
        machine.zygote.say(Unprepared(1, "cannot load zones.world: invalid syntax", "edit it"))
        stage.round()
        stage.die(machine.zygote.pid, code=78)
        stage.prepare()
        stage.found()
        active = stage.fork_heir()
        stage.take_over(active)
        stage.fork_heir()
        machine.versions.version = "mended"
        machine.clock.pass_time(FINGERPRINT_S, lambda: (stage.tick(), stage.round(1)))
        assert machine.zygote.root is None
        stage.prepare()
        heir = stage.fork_heir()
        assert stage.words.get(Header.DRAIN_AT) == stage.words.get(Header.COMMIT)
        succeed(stage, heir, active)
        assert stage.keeper.active.pid == heir and stage.keeper.notes == []

    def test_a_damaged_slot_is_told_and_not_run(self, machine, folders):
        """Nothing is left then: the zone gives up and says why."""
        machine.versions.problem = MoltError(
            "cannot use slot fallback: a.py is damaged", "make setup"
        )
        stage = Stage(machine, folders)
        stage.round()
        machine.zygote.say(Unprepared(1, "cannot load zones.world: invalid syntax", "edit it"))
        stage.round()
        stage.die(machine.zygote.pid, code=78)
        assert "invalid syntax" in stage.keeper.ladder.gave_up
        assert any("a.py is damaged" in note["why"] for note in stage.keeper.notes)
