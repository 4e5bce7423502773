"""Whom the policy does not allow gets nothing from the console; it is counted and told."""

import os
import select
import socket
from pathlib import Path

import pytest

from Kernel.console.own_door import OwnDoor
from Kernel.console.server import ConsoleServer, Pending
from Kernel.contract.policy import Party, Road, is_allowed
from Kernel.contract.refusals import TOLD_AT_ONCE
from tests.support.fakes import FakeMachine


@pytest.fixture
def machine() -> FakeMachine:
    """Give the parts of a kernel on paper."""
    return FakeMachine()


def ask_from_child(path: Path) -> int:
    """Have a child of this process ask for the status, and return its pid."""
    child = os.fork()
    if not child:
        heard = 255
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
                peer.settimeout(20)
                peer.connect(str(path))
                peer.sendall(b'{"command": "status"}\n')
                heard = len(peer.recv(100))
        except ConnectionError:
            heard = 0
        finally:
            os._exit(heard)
    return child


def turn(server: ConsoleServer) -> list[Pending]:
    """Handle what is ready, once."""
    poller = select.poll()
    for fd in server.filenos():
        poller.register(fd, select.POLLIN)
    return [each for fd, _ in poller.poll(20) for each in server.handle(fd, True, False, 0.0)]


def test_a_child_is_not_heard(tmp_path, machine):
    """It is hung up on before it is read; whoever is no child is served as ever."""
    parts = machine.parts()
    server = ConsoleServer(tmp_path, keeps_out=OwnDoor(parts).keeps_out)
    child = ask_from_child(tmp_path / "console.sock")
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert turn(server) == []
    assert server.counts.refused_foreign == 1 and server.counts.accepted == 0
    (told,) = machine.log.of("request.refused")
    assert (told["road"], told["who"], told["request"]) == ("console", "own", "command")
    assert f"process {child} is one of this kernel's own" in told["why"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.connect(str(tmp_path / "console.sock"))
        turn(server)
        assert server.counts.accepted == 1
    server.close()


@pytest.mark.parametrize("party", [Party.USER, Party.OWN, Party.STRANGER])
def test_the_table_decides(machine: FakeMachine, party: Party) -> None:
    """Each party that can come to the socket is heard if its row says so, else counted."""
    parts = machine.parts()
    pid = 2**22 if party is Party.OWN else os.getpid()  # one that is gone is taken for ours
    uid = os.geteuid() + 1 if party is Party.STRANGER else os.geteuid()
    allowed = is_allowed(Road.CONSOLE, "command", party)
    assert OwnDoor(parts).keeps_out(pid, uid) is not allowed
    assert [row["who"] for row in parts.refusals.fields()] == ([] if allowed else [party.value])


def test_who_tries_without_end_is_counted_and_told_of_now_and_then(machine):
    """However many processes it uses: the record stays readable."""
    parts = machine.parts()
    door = OwnDoor(parts)
    gone = [2**22 + number for number in range(100)]
    assert all(door.keeps_out(pid, os.geteuid()) for pid in gone)
    assert len(machine.log.of("request.refused")) == TOLD_AT_ONCE
    assert parts.refusals.total == 100
