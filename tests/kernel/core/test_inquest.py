"""What a death proves: who is convicted by it, and of what."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.inputs import QUARANTINE, decode_input
from Kernel.contract.rings import read
from Kernel.core.blame import SLOT_SHIFT
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine

TRAIT_3 = 1 | 3 << SLOT_SHIFT


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


def crash(stage: Stage, pid: int, flight: int, number: int = signal.SIGSEGV) -> None:
    """Let the owner die in the middle of a tick, at a place."""
    stage.words.put(Header.FLIGHT, flight)
    stage.die(pid, number=number)


def begin_tick(stage: Stage, pid: int) -> None:
    """Let an heir take over without committing anything."""
    stage.take_over(pid, ticks=0)


def inputs(stage: Stage) -> list:
    """Return every input in the inbox."""
    words, found = stage.words, []
    sequence, offset = 0, 0
    while sequence < words.get(Header.INBOX_NEXT):
        entry = read(words.inbox(), offset, words.get(Header.INBOX_HEAD), sequence)
        found.append(decode_input(entry.payload))
        sequence, offset = sequence + 1, entry.next_offset
    return found


class TestBlame:
    def test_a_trait_that_fails_twice_at_one_tick_is_quarantined_by_an_input(self, stage):
        """The first fault convicts nobody; the second, at the same place, that slot alone."""
        active, heir = stage.pair
        crash(stage, active, TRAIT_3)
        assert inputs(stage) == []
        begin_tick(stage, heir)
        crash(stage, heir, TRAIT_3)
        (quarantine,) = inputs(stage)
        assert (quarantine.kind, quarantine.slot) == (QUARANTINE, 3)
        assert stage.machine.log.of("trait.quarantined")[0]["slot"] == 3
        stage.take_over(stage.fork_heir())
        assert not stage.keeper.line.spent()

    def test_a_call_that_its_cage_forbids_is_a_fault_like_another(self, stage):
        """The system's filter ends a sealed process by SIGSYS: twice at one place convicts."""
        active, heir = stage.pair
        crash(stage, active, TRAIT_3, signal.SIGSYS)
        begin_tick(stage, heir)
        crash(stage, heir, TRAIT_3, signal.SIGSYS)
        assert [each.slot for each in inputs(stage)] == [3]
        assert "SIGSYS" in stage.machine.log.of("zone.evidence")[-1]["how"]

    def test_one_that_fails_once_more_before_that_input_is_not_convicted_twice(self, stage):
        """An heir may run the tick again before it could take the input up: nothing new follows."""
        active, heir = stage.pair
        crash(stage, active, TRAIT_3)
        begin_tick(stage, heir)
        crash(stage, heir, TRAIT_3)
        third = stage.fork_heir()
        begin_tick(stage, third)
        crash(stage, third, TRAIT_3)
        assert len(inputs(stage)) == len(stage.machine.log.of("trait.quarantined")) == 1

    def test_the_place_is_read_from_what_the_heir_found(self, stage):
        """An heir takes over before the kernel looks: it has kept whose code was running."""
        active, heir = stage.pair
        stage.words.put(Header.FLIGHT, TRAIT_3)
        stage.machine.processes.end(active, number=signal.SIGSEGV)
        words = stage.words
        words.put(Header.TAKEN_OVER_TICK, words.get(Header.COMMIT))
        words.put(Header.FOUND_FLIGHT, TRAIT_3)
        words.put(Header.FOUND_OWNER, active)
        words.put(Header.OWNER, heir)
        words.put(Header.FLIGHT, 7)
        stage.round()
        (told,) = stage.machine.log.of("zone.evidence")
        assert "trait slot 3" in told["place"] and told["verdict"] == "nobody"

    def test_two_outside_kills_in_one_tick_convict_nobody(self, stage):
        """SIGKILL from outside is no evidence, wherever it strikes."""
        active, heir = stage.pair
        crash(stage, active, TRAIT_3, signal.SIGKILL)
        begin_tick(stage, heir)
        crash(stage, heir, TRAIT_3, signal.SIGKILL)
        assert inputs(stage) == [] and not stage.machine.log.of("zone.evidence")

    def test_a_drill_is_no_evidence(self, stage):
        """What the kernel did itself says nothing about the code."""
        active, heir = stage.pair
        for pid in (active, heir):
            stage.keeper.berth_of(pid).excused = True
        crash(stage, active, TRAIT_3)
        begin_tick(stage, heir)
        crash(stage, heir, TRAIT_3)
        assert inputs(stage) == [] and not stage.machine.log.of("zone.evidence")

    def test_core_that_fails_where_the_one_before_does_not_is_condemned(self, stage):
        """Twice under the new generation, and the former one computes that very tick: proof."""
        active, old_heir = stage.pair
        heir = renew(stage)
        succeed(stage, heir, active)
        assert stage.machine.log.of("generation.promoted") and stage.machine.log.alarms == []
        second = stage.fork_heir()
        crash(stage, heir, 6)
        begin_tick(stage, second)
        crash(stage, second, 6)
        # With nobody of its own ready, the heir of the generation before goes on at once.
        assert stage.words.get(Header.PERMISSION) == old_heir
        assert stage.keeper.ladder.current == 2
        stage.take_over(old_heir)
        assert stage.keeper.ladder.current == 1 and stage.keeper.active.pid == old_heir
        assert "not under the one before" in stage.machine.log.of("generation.promoted")[-1]["why"]
        assert "generation.promoted" in stage.machine.log.alarms

    def test_without_another_a_third_time_condemns(self, machine, folders):
        """Only one generation is there: it is spent after the third fault, and nobody is named."""
        stage = Stage(machine, folders)
        active, heir = stage.serve()
        crash(stage, active, 6)
        for _ in range(2):
            begin_tick(stage, heir)
            crash(stage, heir, 6)
            if not stage.keeper.line.spent():
                heir = stage.fork_heir()
        assert "failed 3 times" in stage.keeper.line.spent()
        assert "failed 3 times" in stage.keeper.ladder.gave_up

    def test_a_fault_that_does_not_repeat_condemns_nobody(self, stage):
        """One fault, and the heir of the same generation goes on: nothing is proved."""
        active, heir = stage.pair
        crash(stage, active, 6)
        stage.take_over(heir)
        stage.round()
        assert not stage.keeper.line.spent() and stage.keeper.ladder.current == 1

    def test_the_suspect_outlives_the_kernel(self, stage, machine, folders):
        """What the words of the arena say of the first fault counts in the next boot."""
        active, _heir = stage.pair
        crash(stage, active, TRAIT_3)
        second = Stage(machine, folders)
        second.prepare()
        pid = second.fork_heir()
        begin_tick(second, pid)
        crash(second, pid, TRAIT_3)
        assert [each.kind for each in inputs(second)] == [QUARANTINE]
