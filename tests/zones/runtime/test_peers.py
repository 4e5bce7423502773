"""Who is at the other end of a Unix socket, as the system says."""

import os
import socket

import pytest

from Kernel.contract.policy import Party
from zones.runtime.peers import NOBODY, peer_at


@pytest.fixture
def listener(tmp_path) -> socket.socket:
    """Give a listening socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "a.sock"))
        listener.listen(4)
        yield listener


def connect_from_child(listener: socket.socket) -> tuple[socket.socket, int, int]:
    """Have a child connect and wait; return our end, its pid, and what lets it go."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(writer)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.connect(listener.getsockname())
            os.read(reader, 1)
        os._exit(0)
    os.close(reader)
    return listener.accept()[0], child, writer


def test_a_child_of_the_kernel_is_its_own(listener: socket.socket) -> None:
    """Others of the user are users, and so is everybody where there is no kernel."""
    ours, child, writer = connect_from_child(listener)
    with ours:
        assert (peer_at(ours, os.getpid()).pid, peer_at(ours, os.getpid()).party) == (
            child,
            Party.OWN,
        )
        assert peer_at(ours, child).party is Party.USER
        assert peer_at(ours, NOBODY).party is Party.USER
        os.close(writer)
        os.waitpid(child, 0)
        # Gone by now: who writes a line and leaves has done nothing wrong.
        assert peer_at(ours, os.getpid()).party is Party.USER


def test_what_is_no_unix_socket_is_nobody() -> None:
    """Nothing is known of it, so it may nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        peer = peer_at(other)
    assert peer.party is Party.STRANGER and peer.pid == NOBODY
