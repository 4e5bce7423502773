"""The kernel's own processes get nothing from its console, and that is told once."""

import os
import select
import socket
from pathlib import Path

from Kernel.console.own_door import TOLD_MAX, OwnDoor
from Kernel.console.server import ConsoleServer, Pending
from tests.support.fakes import RecordingLog


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


def test_a_child_is_not_heard(tmp_path):
    """It is hung up on before it is read; whoever is no child is served as ever."""
    log = RecordingLog()
    server = ConsoleServer(tmp_path, keeps_out=OwnDoor(log).keeps_out)
    child = ask_from_child(tmp_path / "console.sock")
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert turn(server) == []
    assert server.counts.refused_foreign == 1 and server.counts.accepted == 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.connect(str(tmp_path / "console.sock"))
        turn(server)
        assert server.counts.accepted == 1
    server.close()


def test_who_tries_without_end_is_told_of_once():
    """And of so many others at most that the record stays readable."""
    log = RecordingLog()
    door = OwnDoor(log)
    gone = [2**22 + number for number in range(2 * TOLD_MAX)]
    assert all(door.keeps_out(pid) for pid in gone for _ in range(3))
    assert len(log.lines) == TOLD_MAX
    assert not door.keeps_out(os.getpid())
