"""Each event names what led to it: a takeover is explained down to its command."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import Header, Side
from Kernel.contract.inputs import PAUSE, QUARANTINE, Input, decode_input
from Kernel.contract.rings import read
from Kernel.core.drill import DrillFault, begin_drill, begin_soft_restart
from Kernel.core.drill_log import DRILLS_MAX, OVER_S
from Kernel.core.inbox_writer import InboxWriter
from Kernel.core.takeover_news import REAPED_S
from tests.support.fakes import FakeMachine
from tests.support.paper_archive import PaperArchive
from tests.support.paper_kernel import PaperKernel

COMMAND = b"command taken id"


@pytest.fixture
def kernel(machine: FakeMachine, tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a world that serves, with a ready heir."""
    kernel = PaperKernel(machine, tmp_path, services=("chronos",))
    kernel.start()
    machine.log.named[COMMAND] = "command.taken"
    machine.log.causes[COMMAND] = b""
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
    words.put(Header.FOUND_OWNER, kernel.active)
    words.put(Header.FOUND_FLIGHT, 0)
    words.put(Header.TAKEN_OVER_TICK, words.get(Header.COMMIT))
    kernel.take_over(kernel.heir)


def test_a_drilled_kill_is_explained(kernel):
    """Command, drill, death, takeover, end of the drill: one chain."""
    watch = begin_drill(kernel.world, DrillFault.KILL, kernel.machine.clock.now_ns(), COMMAND)
    kernel.zones.drills.add(watch, "kill")
    kernel.round()
    succeed(kernel)
    assert chain(kernel, "zone.taken_over") == [
        "zone.taken_over", "zone.died", "drill.begun", "command.taken",
    ]  # fmt: skip
    kernel.machine.clock.advance(5)
    kernel.round()
    assert chain(kernel, "drill.ended")[:2] == ["drill.ended", "zone.taken_over"]
    (ended,) = kernel.machine.log.of("drill.ended")
    assert ended["over"] and ended["fault"] == "kill" and ended["epoch"] == 2
    told = kernel.machine.log.of("zone.taken_over")[-1]
    assert told["found_owner"] == kernel.active and told["pid"] == kernel.heir
    assert told["build"] == told["generation"] != "" and not told["first"]


def test_a_hang_is_explained(kernel):
    """Drill, verdict of the watchdog, kill, death."""
    begin_drill(kernel.world, DrillFault.HANG, kernel.machine.clock.now_ns(), COMMAND)
    assert kernel.world.arena.side[Side.DRILL] == Side.DRILL_HANG
    while not kernel.machine.log.of("zone.stack"):
        kernel.machine.clock.pass_time(0.05, kernel.round)
    assert chain(kernel, "zone.died") == [
        "zone.died", "zone.killed", "zone.hung", "drill.begun", "command.taken",
    ]  # fmt: skip
    assert chain(kernel, "zone.stack")[:2] == ["zone.stack", "zone.died"]


def test_a_soft_restart_is_explained(kernel):
    """The owner is asked to leave; its heir serves because of that."""
    begin_soft_restart(kernel.world, kernel.machine.clock.now_ns(), COMMAND)
    succeed(kernel)
    kernel.machine.clock.advance(REAPED_S)
    kernel.round()
    kernel.machine.processes.end(kernel.active, code=0)
    kernel.round()
    assert chain(kernel, "zone.taken_over") == ["zone.taken_over", "zone.drained", "command.taken"]
    assert chain(kernel, "zone.died") == ["zone.died", "zone.drained", "command.taken"]


def test_a_service_that_comes_back_is_explained(kernel):
    """A bus zone, too, says who serves now, and why."""
    archive = PaperArchive(kernel, "chronos")
    archive.serve()
    assert chain(kernel, "zone.served") == ["zone.served"]
    keeper = kernel.zones.services["chronos"]
    watch = begin_drill(keeper, DrillFault.KILL, kernel.machine.clock.now_ns(), COMMAND)
    kernel.zones.drills.add(watch, "kill")
    kernel.round()
    assert chain(kernel, "zone.died") == ["zone.died", "drill.begun", "command.taken"]
    kernel.machine.clock.advance(OVER_S + 1)
    kernel.round()
    (ended,) = kernel.machine.log.of("drill.ended")
    assert not ended["over"] and chain(kernel, "drill.ended")[1] == "drill.begun"
    archive.close()


def test_a_quarantine_is_explained(kernel):
    """Deaths, evidence, verdict; and the world is sent the verdict's id with the input."""
    kernel.world._causes = kernel.world.inbox.causes = True
    for _ in range(2):
        words = kernel.words
        words.put(Header.OWNER, kernel.active)
        words.put(Header.FLIGHT, 2 | 5 << 16)
        kernel.machine.processes.end(kernel.active, number=signal.SIGSEGV)
        kernel.round()
        words.put(Header.FOUND_OWNER, kernel.active)
        words.put(Header.FLIGHT, 0)
        kernel.take_over(kernel.heir, commit=False)
        kernel.active, kernel.heir = kernel.heir, 0
        words.put(Header.FIRST_COMMIT_NS, 1)
        kernel.round()
        kernel.heir = kernel.fork()
    assert chain(kernel, "trait.quarantined") == ["trait.quarantined", "zone.evidence", "zone.died"]
    log, sent = kernel.machine.log, _sent(kernel)[-1]
    assert sent.kind == QUARANTINE and log.named[sent.cause] == "trait.quarantined"


def _sent(kernel: PaperKernel) -> list[Input]:
    """Return what is in the inbox."""
    found, offset, words = [], 0, kernel.words
    for sequence in range(words.get(Header.INBOX_NEXT)):
        entry = read(words.inbox(), offset, words.get(Header.INBOX_HEAD), sequence)
        found.append(decode_input(entry.payload))
        offset = entry.next_offset
    return found


@pytest.mark.parametrize("causes", [True, False])
def test_a_generation_of_before_gets_inputs_that_it_can_read(kernel, causes):
    """The cause goes along only where whoever computes can read it."""
    arena = kernel.world.arena
    inbox = InboxWriter("stable", arena.words, arena.side, lambda: None)
    inbox.causes = causes
    inbox.post(Input(PAUSE, cause=COMMAND))
    assert _sent(kernel)[-1] == Input(PAUSE, cause=COMMAND if causes else b"")


def test_a_generation_that_is_condemned_is_explained(kernel):
    """What speaks against a generation is the cause of what follows it."""
    line = kernel.world.line
    zygote = kernel.zygote()
    kernel.machine.processes.end(zygote.pid, code=1)
    kernel.round()
    assert kernel.machine.log.named[line.blame] == "zone.died"


def test_a_renewal_is_explained(kernel):
    """Command, beginning of the generation."""
    kernel.world.generations.renew(COMMAND)
    kernel.round()
    assert chain(kernel, "generation.begun") == ["generation.begun", "command.taken"]


def test_a_stop_is_explained(kernel):
    """What follows a stop is caused by it."""
    kernel.zones.begin_stop(COMMAND)
    assert kernel.zones.leaving.cause == COMMAND


def test_drills_that_are_watched_are_bounded(kernel):
    """The oldest is told of as not over."""
    watch = begin_drill(kernel.world, DrillFault.KILL, kernel.machine.clock.now_ns(), COMMAND)
    for _ in range(DRILLS_MAX + 1):
        kernel.zones.drills.add(watch, "kill")
    assert kernel.machine.log.of("drill.ended") == [
        {"zone": "stable", "fault": "kill", "over": False}
    ]
