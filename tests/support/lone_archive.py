"""The real archive without a kernel: its loop, its sockets, its log, in a process of its own.

Owns: standing in for the kernel: making the listening sockets, handing them over, saying nothing
more. For the bench, which wants no world beside it, and for tests that kill it often.

`python -m tests.support.lone_archive HOME NAME=DESCRIPTOR...` serves until it is killed; it prints
a line when it is ready. With `--lying` it acknowledges before it stores: what the kill-everything
test must catch.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import structlog

from Kernel.contract.places import BUS
from Kernel.contract.user_bus import endpoint_name
from tests.support.leash import die_with_us
from zones.ledger import service
from zones.ledger.log import Log
from zones.ledger.settings import ArchiveSettings
from zones.runtime.seat import BusSeat

ROOT: Final = Path(__file__).resolve().parents[2]
LIE_S: Final = 0.1
"""So long after it was acknowledged a lying archive stores."""


class NoKernel:
    """The kernel's road, with nobody at the other end."""

    def __init__(self) -> None:
        self.progress = 0
        self.degraded: tuple[Any, ...] = ()
        self._bell, self._other = os.pipe()

    def fileno(self) -> int:
        """Return a descriptor that never becomes ready."""
        return self._bell

    def poll(self, timeout_s: float) -> list[Any]:
        """Wait in vain."""
        time.sleep(timeout_s)
        return []

    def beat(self) -> int:
        """Return when the next heartbeat would be due, in ns."""
        return 1_000_000_000


class LyingLog(Log):
    """A log that says an event is durable, and stores it a little later."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._held: list[tuple[Sequence[bytes], Sequence[Any]]] = []
        self._promised = self.newest
        self._due_s = 0.0

    def append(self, records: Sequence[bytes], marks: Sequence[Any] = ()) -> int:
        """Promise, and store what was promised some time ago."""
        self._held.append((list(records), list(marks)))
        first = self._promised + 1
        self._promised += len(records)
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + LIE_S
            for held_records, held_marks in self._held:
                super().append(held_records, held_marks)
            self._held.clear()
        return first


def serve(home: Path, listeners: dict[str, int]) -> None:
    """Run the archive's loop for good."""
    log = structlog.get_logger()
    seat = BusSeat("archive", home, NoKernel(), {}, {}, log, listeners=listeners)  # type: ignore[arg-type]
    archive = service.assemble(seat, ArchiveSettings())
    archive.turn()
    print("ready", flush=True)
    while True:
        archive.turn()


class LoneArchive:
    """An archive that can be killed and started again; its sockets stay, as the kernel's do.

    Args:
        speakers: zones that get an endpoint in HOME's bus directory.
    """

    def __init__(self, home: Path, speakers: Sequence[str], lying: bool = False) -> None:
        self._home = home
        self._lying = lying
        self._listeners: dict[str, socket.socket] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.bus = home / BUS
        self.bus.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.bus, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for speaker in speakers:
                listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                self._listeners[speaker] = listener
                listener.bind(f"/proc/self/fd/{descriptor}/{endpoint_name(speaker)}")
                listener.listen(64)
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        """Return the process that serves now."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it serves."""
        fds = {name: each.fileno() for name, each in self._listeners.items()}
        words = [f"{name}={fd}" for name, fd in fds.items()]
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.lone_archive",
                str(self._home),
                *(["--lying"] if self._lying else []),
                *words,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            pass_fds=list(fds.values()),
            preexec_fn=die_with_us(),
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            raise AssertionError("the lone archive did not come up")

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def close(self) -> None:
        """Kill it and close its sockets."""
        self.kill()
        for each in self._listeners.values():
            each.close()


@contextmanager
def lone_archive(home: Path, *speakers: str, lying: bool = False) -> Iterator[LoneArchive]:
    """Give a lone archive that serves."""
    with ExitStack() as stack:
        archive = LoneArchive(home, speakers, lying)
        stack.callback(archive.close)
        archive.start()
        yield archive


def main(words: list[str]) -> None:
    """Serve as the words say."""
    home, *rest = words
    if "--lying" in rest:
        rest.remove("--lying")
        service.Log = LyingLog  # type: ignore[misc]
    pairs = (word.split("=") for word in rest)
    serve(Path(home), {name: int(fd) for name, fd in pairs})


if __name__ == "__main__":
    main(sys.argv[1:])
