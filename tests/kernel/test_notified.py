"""A real kernel under systemd's eyes: what is told, what the journal gets, what is refused."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.toy_home import ToyKernel, remove_arenas, write_config
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def toy_home(tmp_path: Path) -> Iterator[Path]:
    """Give a home whose world is the toy."""
    home = tmp_path / "h"
    write_config(home)
    yield home
    remove_arenas(home)


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    """Give a service manager's end: a datagram socket in the abstract namespace."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0molt-test-{os.getpid()}")
        listener.settimeout(10.0)
        yield listener


def hear(manager: socket.socket, word: str) -> list[str]:
    """Wait for the message with this line and return all lines up to it."""
    said: list[str] = []
    while word not in said:
        said += manager.recv(4096).decode().splitlines()
    return said


def test_a_service_manager_is_told(toy_home, manager):
    """READY once it serves, a status with the tick, signs of life, STOPPING with its time."""
    name = manager.getsockname()[1:].decode()
    env = {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "200000"}
    with ToyKernel(toy_home, "--json", env=env) as kernel:
        before = hear(manager, "READY=1")
        assert any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in before)
        assert any(line.startswith("STATUS=Starting: stable") for line in before)
        fields = kernel.ready()
        status = wait_until(
            "a status",
            lambda: [x for x in hear(manager, "WATCHDOG=1") if x.startswith("STATUS=tick")],
        )
        assert "molbots" in status[0]
        for pid in (fields["zones"][0]["pid"], fields["zones"][0]["zygote_pid"]):
            assert b"NOTIFY_SOCKET" not in Path(f"/proc/{pid}/environ").read_bytes()
        kernel.signal(signal.SIGTERM)
        hear(manager, "STOPPING=1")
        assert kernel.end() == 0


def test_a_kernel_that_hangs_gives_no_sign_of_life(toy_home, manager):
    """Signs of life come from the loop: a kernel that is stopped sends none."""
    name = manager.getsockname()[1:].decode()
    env = {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "200000"}
    with ToyKernel(toy_home, "--json", env=env) as kernel:
        kernel.ready()
        hear(manager, "WATCHDOG=1")
        kernel.signal(signal.SIGSTOP)
        wait_until("it is stopped", lambda: state_of(kernel.process.pid) == "T")
        manager.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                manager.recv(4096)
        manager.settimeout(0.5)
        with pytest.raises(TimeoutError):
            manager.recv(4096)
        kernel.signal(signal.SIGCONT)
        manager.settimeout(10.0)
        hear(manager, "WATCHDOG=1")
        assert kernel.stop() == 0


def state_of(pid: int) -> str:
    """Return the state letter of a process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_notify_socket_that_cannot_be_used(toy_home):
    """An address of another protocol is refused before anything starts."""
    with ToyKernel(toy_home, env={"NOTIFY_SOCKET": "vsock:2:3"}) as kernel:
        assert kernel.end() == 78
        assert "cannot use NOTIFY_SOCKET=vsock:2:3" in kernel.errors.read_text()


def test_the_journal_is_told_why_there_is_no_kernel(toy_home):
    """What ends a boot before there is a log is an error in the journal, too."""
    write_config(toy_home, "zones: {}\n")
    errors = toy_home.parent / f"{toy_home.name}.stderr"
    errors.touch()
    stream = f"{errors.stat().st_dev}:{errors.stat().st_ino}"
    with ToyKernel(toy_home, env={"JOURNAL_STREAM": stream}) as kernel:
        assert kernel.end() == 78
        lines = errors.read_text().splitlines()
    assert lines[0].startswith("<3>cannot use ") and all(x.startswith("<3>") for x in lines)


def test_the_journal_gets_priorities(toy_home):
    """Where JOURNAL_STREAM names our stderr, lines are text behind a priority, with no time."""
    toy_errors = toy_home.parent / f"{toy_home.name}.stderr"
    toy_errors.touch()
    status = toy_errors.stat()
    with ToyKernel(
        toy_home, "--json", env={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
    ) as kernel:
        kernel.ready()
        assert kernel.stop() == 0
        lines = toy_errors.read_text().splitlines()
    assert all(line.startswith("<6>") for line in lines)
    assert any(line.startswith("<6>stable: ready in ") for line in lines)
    assert lines[-1].startswith("<6>kernel: Stopped at tick ")
