"""Redis as a peer of the ledger: events added to a stream, with its file synced at every write.

Owns: how the server is told to (appendonly, appendfsync always), a client that costs next to
nothing (its protocol on a Unix socket, blocking). A reply to XADD comes after the sync.
Protocol: redis.io, "Redis serialization protocol specification".
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Final

from tests.bench.ledger_stores import OUTSTANDING, Pace, repeat
from tests.bench.report import CannotMeasure
from tests.support.leash import die_with_us

START_S: Final = 10.0
TIMEOUT_S: Final = 20.0
_BYTES: Final = 1 << 20


class RedisStore:
    """A stream: one at a time, and with 1000 on their way, each with a reply of its own.

    Args:
        peer: a connected socket; closed by its owner.
    """

    def __init__(self, peer: socket.socket, records: Sequence[bytes]) -> None:
        self._peer = peer
        self._input = peer.makefile("rb", _BYTES)
        self._commands = [command(b"XADD", b"swarm", b"*", b"e", record) for record in records]

    def one(self, budget_s: float) -> Pace:
        """Add, wait for the reply, go on."""
        commands = cycle(self._commands)

        def step() -> None:
            self._peer.sendall(next(commands))
            self._take(1)

        return repeat(step, 1, budget_s)

    def many(self, budget_s: float) -> Pace:
        """Keep 1000 unanswered: as many are sent as have been answered."""
        commands = cycle(self._commands)
        tenth = OUTSTANDING // 10
        began = time.perf_counter()
        self._peer.sendall(b"".join(next(commands) for _ in range(OUTSTANDING)))
        done = 0
        while time.perf_counter() - began < budget_s:
            self._take(tenth)
            done += tenth
            self._peer.sendall(b"".join(next(commands) for _ in range(tenth)))
        self._take(OUTSTANDING)
        return Pace(done + OUTSTANDING, time.perf_counter() - began)

    def _take(self, replies: int) -> None:
        """Read replies: "$15", the id of the entry."""
        for _ in range(replies):
            head = self._input.readline()
            if not head.startswith(b"$"):
                raise CannotMeasure(f"cannot measure Redis: it answers {head[:200]!r}")
            self._input.readline()

    def close(self) -> None:
        """Let go of the socket."""
        self._input.close()


def command(*words: bytes) -> bytes:
    """Return one command as the server reads it."""
    parts = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
    return b"*%d\r\n%b" % (len(words), parts)


@contextmanager
def open_redis(program: Path, folder: Path, records: Sequence[bytes]) -> Iterator[RedisStore]:
    """Run a server in an empty folder of its own."""
    folder.mkdir()
    settings = {
        "port": "0",
        "unixsocket": "redis.sock",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
    }
    words = [word for key, value in settings.items() for word in (f"--{key}", value)]
    with (folder / "redis.log").open("wb") as log:
        server = subprocess.Popen(
            [str(program), *words], cwd=folder, stdout=log, stderr=log, preexec_fn=die_with_us()
        )
    try:
        with connect(folder / "redis.sock") as peer:
            store = RedisStore(peer, records)
            try:
                yield store
            finally:
                store.close()
    finally:
        server.kill()
        server.wait()


def connect(path: Path) -> socket.socket:
    """Connect as soon as the server listens.

    Raises:
        CannotMeasure: it does not in START_S.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            peer.settimeout(TIMEOUT_S)
            try:  # by this name, since that of a socket ends at 108 bytes
                peer.connect(f"/proc/self/fd/{folder}/{path.name}")
            except OSError:
                peer.close()
                time.sleep(0.01)
            else:
                return peer
    finally:
        os.close(folder)
    raise CannotMeasure(f"cannot measure Redis: its server does not listen in {START_S} s")
