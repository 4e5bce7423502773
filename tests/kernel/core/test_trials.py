"""Trials in a kernel on paper: whatever becomes of one is an answer and an event with its cause."""

import errno
import hashlib
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.errors import Refused
from Kernel.contract.zygote_protocol import Unforked
from Kernel.core.limits import Limits, TrialLimits
from Kernel.core.lost_cells import parse_note
from Kernel.core.trial import TrialWish
from Kernel.core.trials import Trial
from tests.kernel.core.test_trial_verdict import ACCEPTED, REFUSED
from tests.support.fakes import CAGE, FakeMachine
from tests.support.paper_kernel import PaperKernel

SOURCE = b"class Forager(Trait): ..."
CODE_HASH = hashlib.sha256(SOURCE).hexdigest()
YES = ACCEPTED | {"code_hash": CODE_HASH}


class Scene:
    """A kernel on paper whose world ticks, and trials in the test's hands."""

    def __init__(self, machine: FakeMachine, folder: Path) -> None:
        self.machine = machine
        self.kernel = PaperKernel(machine, folder)
        self.kernel.start()
        self.trials = self.kernel.zones.trials
        self.log = machine.log
        world = self.kernel.world
        assert world.line is not None
        world.line.facts = {**world.line.facts, "cells": ["trial"]}

    def limit(self, **more: object) -> None:
        """Set limits of trials."""
        config = self.kernel.zones.leaving.config
        self.kernel.zones.leaving.config = replace(config, **more)

    def ask(self, **more: object) -> Trial:
        """Ask for a trial at the console."""
        cause = self.log.info("command.taken", command="try", by_pid=1, args={})
        return self.trials.ask(self.kernel.world, TrialWish(SOURCE, "console", cause=cause, **more))

    def bear(self) -> int:
        """Let the zygote fork the one that was asked for."""
        self.kernel.round()
        pid = self.machine.processes.new_pid()
        self.request = self.machine.zygote.fork(pid)
        self.kernel.round()
        return pid

    def answer(self, pid: int, told: object, code: int = 0) -> None:
        """Let a trial say something and leave."""
        named = self.machine.zygote.descriptors[self.request.serial]
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        os.write(named["result"], data)
        self.end(pid, code=code)

    def end(self, pid: int, code: int | None = None, number: int | None = None) -> None:
        """Let a process end."""
        self.machine.processes.end(pid, code=code, number=number)
        self.kernel.round()

    def chain(self) -> list[str]:
        """Return what led to the newest event about a trial."""
        newest = [i for i, kind in self.log.named.items() if kind.startswith("trial.")][-1]
        return self.log.why(newest)


@pytest.fixture
def scene(machine: FakeMachine, tmp_path: Path) -> Iterator[Scene]:
    """Give a kernel whose world ticks."""
    scene = Scene(machine, tmp_path)
    yield scene
    scene.trials.close()
    scene.kernel.close()
    machine.processes.close()


class TestVerdicts:
    def test_accepted(self, scene):
        """The job goes along, the verdict comes back, begin and end are told with their causes."""
        trial = scene.ask(ticks=200, seeds=2, scale=3)
        pid = scene.bear()
        assert trial.state == "running" and trial.verdict() is None
        told = scene.request.facts["trial"]
        assert (told["ticks"], told["seeds"], told["scale"], told["add"]) == (200, 2, 3, False)
        assert told["zone"] == "stable" and told["home"] == "/nowhere"
        assert scene.request.descriptors == ["arena", "job", "result"]
        scene.answer(pid, YES)
        assert trial.verdict().accepted and trial.state == "over"
        assert scene.chain() == ["trial.ended", "trial.begun", "command.taken"]
        (ended,) = scene.log.of("trial.ended")
        assert (ended["how"], ended["name"], ended["calls"]) == ("accepted", "Forager", 1000)
        assert ended["effect"][0]["metric"] == "population"
        assert "trial.ended" not in scene.log.alarms

    def test_refused(self, scene):
        """Rule, line and reason are in the answer and in the event."""
        trial = scene.ask()
        scene.answer(scene.bear(), REFUSED | {"code_hash": CODE_HASH})
        assert not trial.verdict().accepted
        (ended,) = scene.log.of("trial.ended")
        assert (ended["how"], ended["line"], ended["stage"]) == ("names", 3, "validation")
        assert "trial.ended" in scene.log.alarms

    @pytest.mark.parametrize(
        ("told", "code", "number", "how"),
        [
            (b"", None, signal.SIGSEGV, "died"), (b"", 1, None, "died"),
            (b"", None, signal.SIGKILL, "killed"), (b"nonsense", 0, None, "lied"),
            (json.dumps(ACCEPTED).encode(), 0, None, "lied"), (b"{}", 0, None, "lied"),
        ],
    )  # fmt: skip
    def test_no_verdict_is_the_verdict(self, scene, told, code, number, how):
        """Dying, being killed, nonsense, and a verdict about another source."""
        trial = scene.ask()
        pid = scene.bear()
        os.write(scene.machine.zygote.descriptors[scene.request.serial]["result"], told)
        scene.end(pid, code=code, number=number)
        verdict = trial.verdict()
        assert (verdict.accepted, verdict.rule, verdict.stage) == (False, how, "trial")
        assert ("says nothing about the source" in verdict.reason) is (how == "killed")
        assert scene.log.of("trial.ended")[0]["how"] == how
        assert scene.chain() == ["trial.ended", "trial.begun", "command.taken"]

    def test_one_that_hangs(self, scene):
        """It is killed after kernel.trial.wall_s, and nobody else is."""
        trial = scene.ask()
        pid = scene.bear()
        wall_s = scene.kernel.zones.leaving.config.trial.wall_s
        scene.machine.clock.advance(wall_s - 1)
        scene.trials.look()
        assert not scene.machine.processes.killed()
        assert scene.trials.cells.next_look_s() == pytest.approx(scene.machine.clock.now_s() + 1)
        scene.machine.clock.advance(2)
        scene.trials.look()
        scene.kernel.round()
        assert trial.verdict().rule == "hung" and pid in scene.machine.processes.killed()

    def test_what_kept_it_from_a_verdict_is_no_fault_of_the_source(self, scene):
        """The disk was full, say: an error for who asked, recorded as a failure."""
        trial = scene.ask()
        scene.answer(scene.bear(), {"failed": "cannot write: no space left"}, code=1)
        with pytest.raises(Refused, match="cannot try: cannot write: no space left"):
            trial.verdict()
        (ended,) = scene.log.of("trial.ended")
        assert ended["how"] == "failed" and "no space left" in ended["reason"]


class TestRefused:
    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"ticks": 100_001}, "100001 ticks are asked for; the limit is 100000"),
            ({"unchecked": True}, "without checking"),
        ],
    )
    def test_too_much(self, scene, more, said):
        """An error, an event, and no process."""
        with pytest.raises(Refused, match=said):
            scene.ask(**more)
        assert said in scene.log.of("trial.refused")[0]["why"]
        assert scene.chain() == ["trial.refused", "command.taken"]
        assert not scene.machine.zygote.is_asked()

    def test_asked_faster_than_they_run(self, scene):
        """Two run, sixteen wait, the nineteenth is refused with the numbers; all get an answer."""
        trials = [scene.ask() for _ in range(18)]
        first, second = scene.bear(), scene.bear()
        with pytest.raises(Refused, match="2 trials run and 16 wait; the limit is 16"):
            scene.ask()
        assert [each.state for each in trials].count("queued") == 16
        assert [each.before for each in trials[2:5]] == [0, 1, 2]
        scene.end(first, number=signal.SIGSEGV)
        scene.end(second, number=signal.SIGSEGV)
        for trial in trials[2:]:
            scene.answer(scene.bear(), YES)
            assert trial.verdict().accepted
        assert len(scene.log.of("trial.ended")) == 18 and not scene.trials.fields()

    def test_unchecked_where_the_kernel_was_started_for_it(self, scene):
        """The job says so, and so does the event."""
        scene.limit(unchecked_trials=True)
        scene.ask(unchecked=True)
        scene.bear()
        assert scene.request.facts["trial"]["unchecked"] is True
        assert scene.log.of("trial.begun")[0]["unchecked"] is True

    def test_memory(self, scene):
        """A world that does not fit so many times is not copied so often."""
        size = len(scene.kernel.words.memory)
        scene.limit(trial=TrialLimits(each=Limits(memory_mb=1)))
        with pytest.raises(Refused, match="there is room for 1 MB"):
            scene.ask(scale=1 + (1 << 20) // size)

    def test_no_room_for_a_process(self, scene):
        """The zygote could not fork: refused with the reason, and recorded as the end."""
        trial = scene.ask()
        scene.kernel.round()
        request = scene.machine.zygote.fork(0, quiet=True)
        scene.machine.zygote.say(Unforked(request.serial, "cannot fork: no room"))
        scene.kernel.round()
        with pytest.raises(Refused, match="cannot try: cannot fork: no room"):
            trial.verdict()
        assert scene.log.of("trial.ended")[0]["how"] == "failed"

    def test_a_generation_that_cannot(self, scene):
        """A slot of before there were trials: refused, told once."""
        scene.kernel.world.line.facts = {"cage": CAGE}
        trial = scene.ask()
        scene.kernel.round()
        with pytest.raises(Refused, match="of before there were any"):
            trial.verdict()
        assert scene.chain() == ["trial.refused", "command.taken"]


class TestGivenUp:
    def test_who_asked_has_gone(self, scene):
        """One that runs is ended, one that waits never begins; both ends are told."""
        scene.limit(trial=TrialLimits(at_once=1))
        runs, waits = scene.ask(), scene.ask()
        pid = scene.bear()
        waits.give_up()
        runs.give_up()
        scene.kernel.round()
        assert scene.machine.processes.killed() == [pid]
        ended = scene.log.of("trial.ended")
        assert [each["how"] for each in ended] == ["given up", "given up"]
        assert all("who asked has gone" in each["reason"] for each in ended)
        assert len(scene.log.of("trial.begun")) == 1

    def test_the_world_dies_and_is_taken_over(self, scene):
        """Nothing happens to a trial: it has a copy."""
        trial = scene.ask()
        pid = scene.bear()
        scene.machine.processes.end(scene.kernel.active, number=signal.SIGKILL)
        scene.kernel.round()
        scene.kernel.take_over(scene.kernel.heir)
        assert pid not in scene.machine.processes.killed()
        scene.answer(pid, YES)
        assert trial.verdict().accepted

    def test_the_kernel_is_stopped(self, scene):
        """All are ended and told before the stop goes on; nobody is left over."""
        scene.limit(trial=TrialLimits(at_once=1))
        trials = [scene.ask() for _ in range(3)]
        pid = scene.bear()
        scene.kernel.zones.begin_stop()
        scene.kernel.round()
        assert pid in scene.machine.processes.killed() and not scene.trials.cells.pids()
        for trial in trials:
            with pytest.raises(Refused, match="cannot try: the kernel is being stopped"):
                trial.verdict()
        assert [each["how"] for each in scene.log.of("trial.ended")] == ["stopped"] * 3
        with pytest.raises(Refused, match="being stopped"):
            scene.ask()


class TestNotesForTheNextKernel:
    def newest(self, scene):
        """Return the kind of the newest event about each that is noted."""
        notes = [parse_note(data) for data in scene.machine.cell_notes.left().values()]
        assert all(note.about == {"zone": "stable", "code_hash": CODE_HASH} for note in notes)
        return [scene.log.named[note.begun] for note in notes]

    def test_from_the_ask_to_the_end(self, scene):
        """One that waits has a note, one that runs a newer one, one that is over none."""
        scene.limit(trial=TrialLimits(at_once=1))
        scene.ask()
        second = scene.ask()
        assert self.newest(scene) == ["command.taken", "command.taken"]
        pid = scene.bear()
        assert self.newest(scene) == ["trial.begun", "command.taken"]
        second.give_up()
        scene.kernel.round()
        assert self.newest(scene) == ["trial.begun"]
        scene.answer(pid, YES)
        assert self.newest(scene) == []

    def test_a_disk_that_takes_no_more(self, scene, monkeypatch):
        """That is told, and the trial goes on."""

        def refuse(_name, _data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(scene.machine.cell_notes, "keep", refuse)
        trial = scene.ask()
        scene.answer(scene.bear(), YES)
        assert trial.verdict().accepted
        told = scene.log.of("note.not_written")
        assert told[0] == {"what": "that a trial is under way", "why": "No space left on device"}


def test_without_a_trial(scene):
    """That it was left out is told; a verdict is told by whoever goes on with it."""
    trial = scene.ask(add=True, trial=False)
    scene.answer(scene.bear(), YES)
    assert trial.verdict().version == 3 and scene.request.facts["trial"]["trial"] is False
    assert not scene.log.of("trial.begun") and not scene.log.of("trial.ended")
    assert scene.log.why(trial.told) == ["trial.skipped", "command.taken"]


def test_what_is_told_of_them(scene):
    """Who runs and who waits, as `status` and `ps` show it."""
    scene.limit(trial=TrialLimits(at_once=1))
    scene.ask(seeds=3)
    scene.ask()
    pid = scene.bear()
    scene.machine.clock.advance(2.0)
    runs, waits = scene.trials.fields()
    assert (runs["state"], runs["pid"], runs["seeds"], runs["seconds"]) == ("running", pid, 3, 2.0)
    assert (waits["state"], waits["before"], waits["pid"]) == ("queued", 0, None)
    assert runs["hash"] == CODE_HASH and runs["by"] == "console"
