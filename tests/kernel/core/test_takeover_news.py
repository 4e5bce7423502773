"""A takeover is told when the end of the owner before is."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from Kernel.core.takeover_news import REAPED_S
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel


@pytest.fixture
def kernel(machine: FakeMachine, tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a world that serves, with a ready heir."""
    kernel = PaperKernel(machine, tmp_path, services=("chronos",))
    kernel.start()
    yield kernel
    kernel.close()


def chain(kernel: PaperKernel, kind: str) -> list[str]:
    """Return what led to the newest event of a kind, itself first."""
    log = kernel.machine.log
    newest = [event_id for event_id, named in log.named.items() if named == kind][-1]
    return log.why(newest)


def succeed(kernel: PaperKernel) -> None:
    """Let the heir take over from a dead owner, as the words say it."""
    words = kernel.words
    kernel.machine.processes.zombies.add(kernel.active)
    words.put(Header.FOUND_OWNER, kernel.active)
    words.put(Header.FOUND_FLIGHT, 0)
    words.put(Header.TAKEN_OVER_TICK, words.get(Header.COMMIT))
    kernel.take_over(kernel.heir)


def test_a_takeover_waits_for_the_news_of_the_death(kernel):
    """The heir may serve before the dead owner is reaped: it is told afterwards, with its cause."""
    log = kernel.machine.log
    before = len(log.of("zone.taken_over"))
    succeed(kernel)
    assert len(log.of("zone.taken_over")) == before
    kernel.machine.processes.end(kernel.active, number=signal.SIGSEGV)
    kernel.round()
    assert chain(kernel, "zone.taken_over") == ["zone.taken_over", "zone.died"]


def test_a_takeover_is_told_without_the_news_in_the_end(kernel):
    """A dead process that nobody can reap holds no event up for long."""
    before = len(kernel.machine.log.of("zone.taken_over"))
    succeed(kernel)
    kernel.machine.clock.advance(REAPED_S)
    kernel.round()
    assert len(kernel.machine.log.of("zone.taken_over")) == before + 1
