"""The desk: requests in over a real socket, answers out when the thing has happened."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console.desk import Desk
from Kernel.console.handlers import Handlers
from Kernel.console.server import ConsoleServer
from Kernel.ports.meters import Meters
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel


class Office:
    """A desk over a kernel on paper, and people who ask."""

    def __init__(self, kernel: PaperKernel, folder: Path) -> None:
        self.kernel = kernel
        self.folder = folder
        machine = kernel.machine
        handlers = Handlers(
            kernel.zones,
            machine.clock,
            Meters(),
            0.0,
            lambda: None,
            lambda _dry_run: {},
            lambda _reason: None,
        )
        self.desk = Desk(ConsoleServer(folder), handlers, machine.loop, machine.clock)
        self.peers: list[socket.socket] = []

    def ask(self, command: str, **args: object) -> socket.socket:
        """Connect and send one request."""
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(self.folder / "console.sock"))
        peer.setblocking(False)
        peer.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
        self.peers.append(peer)
        self.turn()
        return peer

    def turn(self) -> None:
        """Some rounds of the kernel."""
        for _ in range(4):
            self.kernel.machine.loop.turn()
            self.desk.look()

    def answer(self, peer: socket.socket) -> dict | None:
        """Return the answer if it is there."""
        self.turn()
        try:
            return json.loads(peer.recv(65536))
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close the desk and every peer."""
        for peer in self.peers:
            peer.close()
        self.desk.close()


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    """Give a desk over a kernel whose world ticks."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, home)
    kernel.start()
    office = Office(kernel, home)
    yield office
    office.close()
    machine.processes.close()
    kernel.close()


def test_an_answer_due_at_once_comes_at_once(office):
    """What is known is told in the same round; nothing stays owed."""
    peer = office.ask("ps")
    assert "stable" in json.dumps(office.answer(peer)) and not office.desk.busy()


def test_an_answer_waits_for_the_thing_to_happen(office):
    """A pause is answered when the world holds; until then the kernel is busy."""
    peer = office.ask("pause")
    assert office.answer(peer) is None and office.desk.busy()
    tick = office.kernel.tick()
    assert f'"tick": {tick}' in json.dumps(office.answer(peer)) and not office.desk.busy()


def test_a_refusal_comes_with_code_and_hint(office):
    """What a handler refuses is told with its exit code, and nothing stays owed."""
    peer = office.ask("step")
    said = json.dumps(office.answer(peer))
    assert "cannot step: the world is running" in said and "molt pause" in said
    assert not office.desk.busy()


def test_a_wait_that_is_over_is_refused(office):
    """After its time a wait is answered with a refusal."""
    peer = office.ask("wait", **{"for": "tick>=100000", "timeout_s": 5})
    office.kernel.machine.clock.advance(4.9)
    assert office.answer(peer) is None
    office.kernel.machine.clock.advance(0.2)
    assert "cannot wait longer" in json.dumps(office.answer(peer)) and not office.desk.busy()


def test_who_has_gone_is_owed_nothing(office):
    """A request whose asker hangs up is dropped: it must not keep the kernel busy."""
    peer = office.ask("wait", **{"for": "tick>=100000", "timeout_s": 3600})
    assert office.desk.busy()
    peer.close()
    office.turn()
    assert not office.desk.busy()


def test_many_wait_side_by_side(office):
    """Each connection gets its own answer, in its own time."""
    goals = [office.kernel.world.tick() + steps for steps in (1, 2, 3)]
    peers = [office.ask("wait", **{"for": f"tick>={goal}", "timeout_s": 9}) for goal in goals]
    for place, peer in enumerate(peers):
        assert office.answer(peer) is None
        office.kernel.tick()
        assert f'"tick": {goals[place]}' in json.dumps(office.answer(peer))
