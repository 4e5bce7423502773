"""The listening sockets of the user bus: private, patient, and there before anybody accepts."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from Kernel.contract.errors import ConfigError
from Kernel.contract.user_bus import endpoint_name
from Kernel.ports.listeners import WAITING_MAX, Listeners


class Folders(NamedTuple):
    """HOME/run and the bus directory in it, opened."""

    run: Path
    run_fd: int
    bus_fd: int

    def connect(self, zone: str) -> socket.socket:
        """Connect as a sender does."""
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.setblocking(False)
        try:
            peer.connect(f"/proc/self/fd/{self.bus_fd}/{endpoint_name(zone)}")
        except OSError:
            peer.close()
            raise
        return peer


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    """Give the folders of a home whose path is longer than a Unix address."""
    run = tmp_path / ("long" * 30) / "run"
    (run / "bus").mkdir(parents=True)
    flags = os.O_RDONLY | os.O_DIRECTORY
    given = Folders(run, os.open(run, flags), os.open(run / "bus", flags))
    yield given
    os.close(given.run_fd)
    os.close(given.bus_fd)


def test_each_speaker_has_a_private_socket(folders: Folders) -> None:
    """Names, types and modes; the descriptors are not blocking and end with an exec."""
    listeners = Listeners(folders.bus_fd, folders.run_fd, ("archive", "kernel", "scribe"))
    assert sorted(listeners.descriptors) == ["listen.archive", "listen.kernel", "listen.scribe"]
    paths = [folders.run / "bus" / f"events-{each}.sock" for each in ("archive", "kernel")]
    for path in (*paths, folders.run / "scribe.sock"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name, fd in listeners.descriptors.items():
        assert not os.get_blocking(fd) and not os.get_inheritable(fd)
        made = socket.socket(fileno=os.dup(fd))
        wanted = socket.SOCK_STREAM if name == "listen.scribe" else socket.SOCK_SEQPACKET
        assert made.type == wanted
        made.close()
    listeners.close()
    assert not (folders.run / "scribe.sock").exists()


def test_what_is_said_waits_for_the_archive(folders: Folders) -> None:
    """Who connects and speaks while nobody accepts is heard by whoever accepts later."""
    listeners = Listeners(folders.bus_fd, folders.run_fd, ("kernel",))
    peer = folders.connect("kernel")
    peer.send(b"hello")
    late = socket.socket(fileno=os.dup(listeners.descriptors["listen.kernel"]))
    accepted, _ = late.accept()
    assert accepted.recv(100) == b"hello"
    for each in (peer, accepted, late):
        each.close()
    listeners.close()


def test_the_waiting_are_bounded(folders: Folders) -> None:
    """One connection too many is refused at once: nobody blocks."""
    listeners = Listeners(folders.bus_fd, folders.run_fd, ("kernel",))
    peers = []
    with pytest.raises(BlockingIOError):
        for _ in range(WAITING_MAX + 2):
            peers.append(folders.connect("kernel"))
    assert len(peers) >= WAITING_MAX
    for each in peers:
        each.close()
    listeners.close()


def test_an_earlier_socket_gives_way(folders: Folders) -> None:
    """What a killed kernel left behind is replaced; nothing else is."""
    killed = Listeners(folders.bus_fd, folders.run_fd, ("kernel", "scribe"))
    again = Listeners(folders.bus_fd, folders.run_fd, ("kernel", "scribe"))
    folders.connect("kernel").close()
    again.close()
    killed.close()
    (folders.run / "bus" / "events-stolen.sock").write_text("a file")
    with pytest.raises(ConfigError, match=r"cannot listen at events-stolen\.sock in run/bus"):
        Listeners(folders.bus_fd, folders.run_fd, ("kernel", "stolen"))
