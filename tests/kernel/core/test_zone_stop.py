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
    """Give a kernel with a world, chronos and an archive."""
    kernel = PaperKernel(machine, tmp_path, services=["chronos", "archive"])
    kernel.start()
    yield kernel
    kernel.close()


@pytest.fixture
def chronos(kernel: PaperKernel) -> Iterator[PaperArchive]:
    """Give chronos, up."""
    chronos = PaperArchive(kernel, "chronos")
    chronos.serve()
    yield chronos
    chronos.close()


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


def test_who_is_waited_for_in_each_stage(kernel, chronos, archive):
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
        HoldUp("chronos", DOING[Stage.SNAPSHOT], seconds, "it is given up")
    ]
    chronos.answer_snapshot(kernel.world.tick())
    stage_is(kernel, Stage.SERVICES)
    (held,) = leaving.held_up_by()
    assert (held.zone, held.doing) == ("chronos", "draining")
    chronos.leave()
    (held,) = leaving.held_up_by()
    assert (held.zone, held.doing) == ("archive", "storing the last events")
    archive.leave()
    assert kernel.zones.stopped() and leaving.held_up_by() == []


def test_an_orderly_stop_saves_all(kernel, chronos, archive):
    """Each zone is noted when it has left, with its time; the outcome has the snapshot's tick."""
    leaving, clock = kernel.zones.leaving, kernel.machine.clock
    leave_world(kernel)
    assert [each.zone for each in leaving.ended] == ["stable"], "the others still serve"
    clock.advance(1.5)
    chronos.answer_snapshot(kernel.world.tick())
    chronos.leave()
    assert kernel.zones.services["archive"].active is not None, "it leaves when all others have"
    archive.leave()
    assert [(each.zone, each.killed) for each in leaving.ended] == [
        ("stable", False),
        ("chronos", False),
        ("archive", False),
    ]
    assert leaving.ended[1].took_s == pytest.approx(1.5)
    assert leaving.outcome() == Outcome({"stable": kernel.world.tick()}, "")


def test_a_world_that_overstays(kernel, chronos, archive):
    """A world that does not leave is killed and noted as such; its last tick is saved."""
    kernel.zones.begin_stop()
    kernel.round()
    kernel.machine.clock.advance(DEADLINE_S * SHARE[Stage.WORLDS] + 0.1)
    kernel.round()
    assert kernel.active in kernel.machine.processes.killed()
    chronos.answer_snapshot(kernel.world.tick())
    chronos.leave()
    archive.leave()
    assert kernel.zones.leaving.ended[0].killed and not kernel.zones.leaving.ended[1].killed
    outcome = kernel.zones.leaving.outcome()
    assert outcome.killed_worlds == ("stable",) and outcome.killed_services == ()
    assert outcome.snapshots == {"stable": kernel.world.tick()}


def test_a_snapshot_that_fails(kernel, chronos, archive):
    """Chronos' own words are kept as the reason."""
    leave_world(kernel)
    chronos.answer_snapshot(None, "cannot write: no space left")
    chronos.leave()
    archive.leave()
    assert kernel.zones.leaving.outcome() == Outcome({}, "cannot write: no space left")
    assert kernel.machine.log.of("snapshot.not_taken") == [
        {"zone": "stable", "why": "cannot write: no space left"}
    ]


def test_a_snapshot_without_a_tick_is_none(kernel, chronos, archive):
    """Who says yes without saying of what has saved nothing we could name."""
    leave_world(kernel)
    chronos.answer_snapshot(None)
    chronos.leave()
    archive.leave()
    assert kernel.zones.leaving.outcome().snapshots == {}
    assert "did not say which tick" in kernel.zones.leaving.outcome().why_none


def test_chronos_that_does_not_answer(kernel, chronos, archive):
    """When its time is over the stop goes on without a snapshot, and later kills who drains on."""
    leave_world(kernel)
    kernel.machine.clock.advance(DEADLINE_S * SHARE[Stage.SNAPSHOT] + 0.1)
    stage_is(kernel, Stage.SERVICES)
    assert kernel.zones.leaving.outcome().why_none == LATE
    kernel.machine.clock.advance(DEADLINE_S * SHARE[Stage.SERVICES] + 0.1)
    stage_is(kernel, Stage.ARCHIVE)
    assert chronos.pid in kernel.machine.processes.killed()
    kernel.machine.clock.advance(DEADLINE_S * SHARE[Stage.ARCHIVE] + 0.1)
    stage_is(kernel, Stage.DONE)
    assert archive.pid in kernel.machine.processes.killed()
    assert kernel.zones.leaving.outcome().killed_services == ("chronos", "archive")


def test_chronos_that_dies_over_its_snapshot(kernel, chronos, archive):
    """Nobody waits for the answer of a dead process."""
    leave_world(kernel)
    kernel.machine.processes.end(chronos.pid, number=signal.SIGKILL)
    stage_is(kernel, Stage.ARCHIVE)
    archive.leave()
    assert kernel.zones.leaving.outcome() == Outcome({}, "chronos ended before it had answered")


def test_no_chronos(kernel):
    """A stop before chronos serves says why there is no snapshot, and calls nobody killed."""
    leave_world(kernel)
    stage_is(kernel, Stage.DONE)
    assert kernel.zones.leaving.outcome() == Outcome({}, "no zone chronos serves")


def test_snapshot_that_is_not_wanted(kernel, chronos, archive):
    """With snapshot_on_stop false nobody is asked, and the key is named."""
    kernel.zones.leaving.config = replace(kernel.zones.leaving.config, snapshot_on_stop=False)
    leave_world(kernel)
    chronos.leave()
    archive.leave()
    assert kernel.zones.leaving.outcome() == Outcome({}, "kernel.snapshot_on_stop is false")
