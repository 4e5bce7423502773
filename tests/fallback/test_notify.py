"""The service manager over a real datagram socket, and an environment that is wrong."""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fallback.notify import NobodyNotified, ServiceManager, find_notifier
from Kernel.contract.errors import ConfigError
from Kernel.ports import notify as port


@pytest.fixture
def listen() -> Iterator[Callable[[str], socket.socket]]:
    """Give a way to listen at an address as it stands in NOTIFY_SOCKET."""
    opened: list[socket.socket] = []

    def bind(address: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.setblocking(False)
        listener.bind("\0" + address[1:] if address[0] == "@" else address)
        opened.append(listener)
        return listener

    yield bind
    for each in opened:
        each.close()


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_lines_arrive_as_one_message(listen, tmp_path: Path, kind: str):
    """Paths and abstract names work; a line end inside a value cannot make a line of its own."""
    address = str(tmp_path / "notify") if kind == "path" else f"@molt-test-{os.getpid()}"
    listener = listen(address)
    with contextlib.closing(ServiceManager(address)) as manager:
        assert manager.tell("READY=1", "STATUS=a\nMAINPID=1 – b")
    assert listener.recv(4096).decode() == "READY=1\nSTATUS=a MAINPID=1 – b"


def test_listener_that_never_reads_or_is_gone(listen, tmp_path: Path):
    """A full queue and nobody there are told by False; nothing waits, nothing is raised."""
    address = str(tmp_path / "notify")
    listener = listen(address)
    manager = ServiceManager(address)
    assert not all(manager.tell("WATCHDOG=1") for _ in range(10_000))
    while True:
        try:
            listener.recv(64)
        except BlockingIOError:
            break
    assert manager.tell("WATCHDOG=1")
    listener.close()
    assert not manager.tell("WATCHDOG=1")
    manager.close()


@pytest.mark.parametrize(
    ("pid", "watchdog_s"), [("", 3.0), ("7", 3.0), ("8", 0.0)], ids=["any", "ours", "another's"]
)
def test_watchdog_is_fed_only_by_whom_it_is_meant_for(pid: str, watchdog_s: float):
    """WATCHDOG_PID names who must feed it; without it, it is us."""
    environment = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "3000000"}
    environment |= {"WATCHDOG_PID": pid} if pid else {}
    with contextlib.closing(find_notifier(environment, 7)) as manager:
        assert manager.watchdog_s == watchdog_s


def test_started_by_hand():
    """Without NOTIFY_SOCKET there is nobody, whatever else is set."""
    nobody = find_notifier({"WATCHDOG_USEC": "3000000"}, 7)
    assert isinstance(nobody, NobodyNotified) and nobody.tell("READY=1")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"NOTIFY_SOCKET": "vsock:2:3"}, "NOTIFY_SOCKET=vsock:2:3"),
        ({"NOTIFY_SOCKET": "/" + "x" * 107}, "107 bytes at most"),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "3s"}, "WATCHDOG_USEC=3s"),
    ],
)
def test_environment_that_cannot_be_used(environment, words):
    """What is no address and no time is refused with its value; in the kernel, as configuration."""
    with pytest.raises(ValueError, match="cannot use ") as wrong:
        find_notifier(environment, 7)
    assert words in str(wrong.value)
    with pytest.raises(ConfigError) as refused:
        port.find_notifier(environment, 7)
    assert refused.value.message == str(wrong.value) and refused.value.hint
