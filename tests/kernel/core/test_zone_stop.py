"""An orderly stop over a kernel on paper: who is waited for, who left how, what is saved."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.core.stopping import DOING, SHARE, HoldUp, Outcome, Stage
from Kernel.core.zone_stop import LATE
from tests.support.fakes import FakeMachine
from tests.support.paper_archive import PaperArchive
from tests.support.paper_kernel import PaperKernel
from tests.support.wait import wait_until

DEADLINE_S = 10.0


@pytest.fixture
def kernel(machine: FakeMachine, tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a kernel with a world and an archive."""
    kernel = PaperKernel(machine, tmp_path, archive=True)
    kernel.start()
    yield kernel
    kernel.close()


@pytest.fixture
def archive(kernel: PaperKernel) -> Iterator[PaperArchive]:
    """Give the archive, up."""
    archive = PaperArchive(kernel)
    archive.serve()
    yield archive
    archive.close()


def stage_is(kernel: PaperKernel, stage: Stage) -> None:
    """Turn until the stop is there."""

    def look() -> bool:
        kernel.round(1)
        return kernel.zones.stop is not None and kernel.zones.stop.stage is stage

    wait_until(f"stage {stage.name}", look)


def leave_world(kernel: PaperKernel) -> None:
    """Begin a stop and let the world leave at its tick boundary."""
    kernel.zones.begin_stop()
    kernel.round()
    kernel.machine.processes.end(kernel.active, code=0)
    kernel.round()


def test_nothing_is_told_before_a_stop(kernel):
    """A kernel that runs waits for nobody."""
    assert kernel.zones.leaving.held_up_by() == [] and kernel.zones.leaving.ended == []


def test_who_is_waited_for_in_each_stage(kernel, archive):
    """The zone, what it does and the seconds left follow the stages; in the end nobody is."""
    leaving, clock = kernel.zones.leaving, kernel.machine.clock
    kernel.zones.begin_stop()
    kernel.round()
    clock.advance(0.5)
    seconds = DEADLINE_S * SHARE[Stage.WORLDS] - 0.5
    (held,) = leaving.held_up_by()
    assert (held.zone, held.doing) == ("stable", "leaving at a tick boundary")
    assert held.then == "it is killed"
    assert held.left_s == pytest.approx(seconds)
    kernel.machine.processes.end(kernel.active, code=0)
    kernel.round()
    seconds = DEADLINE_S * SHARE[Stage.SNAPSHOT]
    assert leaving.held_up_by() == [
        HoldUp("archive", DOING[Stage.SNAPSHOT], seconds, "it is given up")
    ]
    archive.answer_snapshot(kernel.world.tick())
    stage_is(kernel, Stage.SERVICES)
    (held,) = leaving.held_up_by()
    assert (held.zone, held.doing) == ("archive", "draining")
    archive.leave()
    assert kernel.zones.stopped() and leaving.held_up_by() == []


def test_an_orderly_stop_saves_all(kernel, archive):
    """Each zone is noted when it has left, with its time; the outcome has the snapshot's tick."""
    leaving, clock = kernel.zones.leaving, kernel.machine.clock
    leave_world(kernel)
    assert [each.zone for each in leaving.ended] == ["stable"], "the archive still serves"
    clock.advance(1.5)
    archive.answer_snapshot(kernel.world.tick())
    archive.leave()
    assert [(each.zone, each.killed) for each in leaving.ended] == [
        ("stable", False),
        ("archive", False),
    ]
    assert leaving.ended[1].took_s == pytest.approx(1.5)
    assert leaving.outcome() == Outcome({"stable": kernel.world.tick()}, "")


def test_a_world_that_overstays(kernel, archive):
    """A world that does not leave is killed and noted as such; its last tick is saved."""
    kernel.zones.begin_stop()
    kernel.round()
    kernel.machine.clock.advance(DEADLINE_S * SHARE[Stage.WORLDS] + 0.1)
    kernel.round()
    assert kernel.active in kernel.machine.processes.killed()
    archive.answer_snapshot(kernel.world.tick())
    archive.leave()
    assert kernel.zones.leaving.ended[0].killed and not kernel.zones.leaving.ended[1].killed
    outcome = kernel.zones.leaving.outcome()
    assert outcome.killed_worlds == ("stable",) and outcome.killed_services == ()
    assert outcome.snapshots == {"stable": kernel.world.tick()}


def test_a_snapshot_that_fails(kernel, archive):
    """The archive's own words are kept as the reason."""
    leave_world(kernel)
    archive.answer_snapshot(None, "cannot write: no space left")
    archive.leave()
    assert kernel.zones.leaving.outcome() == Outcome({}, "cannot write: no space left")
    assert kernel.machine.log.of("snapshot.not_taken") == [
        {"zone": "stable", "why": "cannot write: no space left"}
    ]


def test_a_snapshot_without_a_tick_is_none(kernel, archive):
    """An archive that says yes without saying of what has saved nothing we could name."""
    leave_world(kernel)
    archive.answer_snapshot(None)
    archive.leave()
    assert kernel.zones.leaving.outcome().snapshots == {}
    assert "did not say which tick" in kernel.zones.leaving.outcome().why_none


def test_an_archive_that_does_not_answer(kernel, archive):
    """When its time is over the stop goes on without a snapshot, and later kills who drains on."""
    leave_world(kernel)
    kernel.machine.clock.advance(DEADLINE_S * SHARE[Stage.SNAPSHOT] + 0.1)
    stage_is(kernel, Stage.SERVICES)
    assert kernel.zones.leaving.outcome().why_none == LATE
    kernel.machine.clock.advance(DEADLINE_S * SHARE[Stage.SERVICES] + 0.1)
    stage_is(kernel, Stage.DONE)
    assert archive.pid in kernel.machine.processes.killed()
    assert kernel.zones.leaving.outcome().killed_services == ("archive",)


def test_an_archive_that_dies_over_its_snapshot(kernel, archive):
    """Nobody waits for the answer of a dead archive."""
    leave_world(kernel)
    kernel.machine.processes.end(archive.pid, number=signal.SIGKILL)
    stage_is(kernel, Stage.DONE)
    assert kernel.zones.leaving.outcome() == Outcome({}, "the archive ended before it had answered")


def test_no_archive(kernel):
    """A stop before the archive serves says why there is no snapshot, and calls nobody killed."""
    leave_world(kernel)
    stage_is(kernel, Stage.DONE)
    assert kernel.zones.leaving.outcome() == Outcome({}, "no zone archive serves")


def test_snapshot_that_is_not_wanted(kernel, archive):
    """With snapshot_on_stop false nobody is asked, and the key is named."""
    kernel.zones.leaving.config = replace(kernel.zones.leaving.config, snapshot_on_stop=False)
    leave_world(kernel)
    archive.leave()
    assert kernel.zones.leaving.outcome() == Outcome({}, "kernel.snapshot_on_stop is false")
