"""A real kernel's console under those who mean no good: it answers, and the world ticks on."""

import contextlib
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from Kernel.console.client import ask
from Kernel.console.server import CONNECTIONS_MAX
from tests.support.toy_home import ToyKernel, remove_arenas, write_config
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow

PATIENCE_S = 2.0
"""An answer to `status` takes a few milliseconds; this is for a machine with much to do."""
STATUSES = 10


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyKernel]:
    """Give one kernel with a toy world for all attacks: what one breaks, the next would find."""
    home = tmp_path_factory.mktemp("attacked")
    write_config(home)
    with ToyKernel(home, "--json") as kernel:
        kernel.ready()
        yield kernel
        assert kernel.stop() == 0
    remove_arenas(home)


@pytest.fixture
def peers(kernel: ToyKernel) -> Iterator[Callable[[], socket.socket]]:
    """Give a way to connect; afterwards everybody hangs up, and the kernel is as before."""
    made: list[socket.socket] = []

    def connect() -> socket.socket:
        peer = socket.socket(socket.AF_UNIX)
        made.append(peer)
        # Blocking: with a timeout Python would give up at once where the queue is full.
        peer.connect(str(kernel.home / "run" / "console.sock"))
        peer.settimeout(30)
        return peer

    yield connect
    for peer in made:
        peer.close()
    tick = kernel.tick()
    wait_until("the world to tick on", lambda: kernel.tick() > tick + 5)


def check_service(home: Path) -> None:
    """Ask for the status again and again; each answer must come in time."""
    for _ in range(STATUSES):
        began_s = time.monotonic()
        answer = ask(home, "status", {}, PATIENCE_S, connect_s=PATIENCE_S)
        assert answer.result["world"]["paused"] is False  # type: ignore[index]
        assert time.monotonic() - began_s < PATIENCE_S


def test_malformed_lines(kernel, peers):
    """Nonsense is answered with an error, line by line, and nobody else notices."""
    peer = peers()
    lines = [b"", b"{", b"[]", b'{"command": 5}', b"\xff\xfe\x00", b'{"command": "status"} x', b"0"]
    for _ in range(50):
        peer.sendall(b"\n".join(lines) + b"\n")
        got = b""
        while got.count(b"\n") < len(lines) - 1:
            got += peer.recv(65536)
        replies = [json.loads(line) for line in got.splitlines()]
        assert not any(reply["ok"] for reply in replies)
    check_service(kernel.home)


def test_a_line_of_ten_megabytes(kernel, peers):
    """It is refused after its limit, while others are served; no memory is spent on it."""
    peer = peers()

    def pour() -> None:
        with contextlib.suppress(OSError):  # the kernel hangs up long before it is through
            peer.sendall(b"x" * 10_000_000 + b"\n")

    pouring = threading.Thread(target=pour)
    pouring.start()
    check_service(kernel.home)
    pouring.join(30)
    assert not pouring.is_alive()
    before = ask(kernel.home, "status", {}, PATIENCE_S).result["kernel"]
    assert before["memory_mb"] < 200  # type: ignore[index]


def test_five_hundred_idle_connections(kernel, peers):
    """They fill the table and the queue before it; who asks is answered all the same."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1024:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    for _ in range(500):
        peers()
    check_service(kernel.home)


def test_half_open_connections_that_come_again(kernel, peers):
    """Whoever is thrown out connects anew and says half a line: others still get their turn."""
    stopped = threading.Event()

    def pester() -> None:
        while not stopped.is_set():
            with contextlib.suppress(OSError):
                peer = peers()
                peer.sendall(b'{"command": "sta')
            time.sleep(0.002)

    pestering = [threading.Thread(target=pester) for _ in range(2)]
    for _ in range(CONNECTIONS_MAX):
        peers().sendall(b'{"command": "sta')
    for thread in pestering:
        thread.start()
    try:
        for _ in range(3):
            ask(kernel.home, "status", {}, 30.0, connect_s=30.0)
    finally:
        stopped.set()
        for thread in pestering:
            thread.join(30)


def test_readers_that_never_read(kernel, peers):
    """Followers and askers that take nothing cost the kernel neither time nor memory."""
    for _ in range(8):
        peers().sendall(b'{"command": "kernel-events", "args": {"follow": true}}\n')
    for _ in range(8):
        peer = peers()
        peer.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                peer.send(b'{"command": "help"}\n' * 64)
    check_service(kernel.home)


def test_many_waits(kernel, peers):
    """Hundreds of open waits delay nobody, and all are answered when their tick comes."""
    waiting = [peers() for _ in range(CONNECTIONS_MAX - 2)]
    goal = kernel.tick() + 300
    line = json.dumps({"command": "wait", "args": {"for": f"tick>={goal}", "timeout_s": 60}})
    for peer in waiting:
        peer.sendall((line + "\n").encode() * 8)
    check_service(kernel.home)
    for peer in waiting:
        got = b""
        while got.count(b"\n") < 8:
            data = peer.recv(65536)
            assert data, "the kernel hung up on one who waits"
            got += data
        assert all(json.loads(reply)["ok"] for reply in got.splitlines())


def test_events_of_a_real_drill_are_followed(kernel, peers):
    """What happens to a zone arrives, in order, at a follower that was there before."""
    peer = peers()
    peer.sendall(b'{"command": "kernel-events", "args": {"follow": true, "last": 0}}\n')
    wait_until("the zone", lambda: _heir_ready(kernel.home))
    ask(kernel.home, "drill", {"kind": "kill", "zone": "stable"}, 60.0)
    kinds: list[str] = []
    got = b""
    while not {"zone.died", "zone.taken_over"} <= set(kinds):
        got += peer.recv(65536)
        *lines, got = got.split(b"\n")
        events = [json.loads(line)["result"] for line in lines]
        kinds += [event["kind"] for event in events]
        assert all(event["tick"] is not None for event in events)


def _heir_ready(home: Path) -> bool:
    (zone,) = ask(home, "ps", {}, PATIENCE_S).result["zones"]  # type: ignore[misc]
    return zone["heir_pid"] is not None
