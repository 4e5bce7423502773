"""The real process port inside a test: a subreaper for as long as the test lasts, no longer."""

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from Kernel.contract.zygote_protocol import (
    ZYGOTE,
    Configure,
    Fork,
    Forked,
    Message,
    receive,
    send,
)
from Kernel.ports.process import Exit, SystemProcesses, ZygoteHandle
from tests.structure.sources import ROOT
from tests.support.wait import wait_until

_PR_SET_CHILD_SUBREAPER = 36


class RealProcesses:
    """Starts zygotes, keeps every exit, and leaves nobody behind."""

    def __init__(self, cache_dir: Path) -> None:
        self.port = SystemProcesses(ROOT, cache_dir, ())
        self.exits: dict[int, Exit] = {}
        self.handles: list[ZygoteHandle] = []

    def start(self, service: str = "tests.support.toy", root: Path | None = None) -> ZygoteHandle:
        """Start a zygote."""
        return self.keep(self.port.start_zygote(service, root))

    def keep(self, handle: ZygoteHandle) -> ZygoteHandle:
        """Remember a zygote, so that it is ended and closed."""
        self.handles.append(handle)
        return handle

    def configure(self, settings: dict | None = None, **more: Any) -> tuple[ZygoteHandle, Message]:
        """Start a zygote, configure it and return what it answers."""
        handle = self.start(**more)
        send(handle.road, Configure("stable", "/nowhere", settings or {}))
        return handle, self.hear(handle)

    def ask(self, handle: ZygoteHandle, fork: Fork, descriptors: Iterable[int] = ()) -> Message:
        """Send a Fork and return the answer."""
        send(handle.road, fork, list(descriptors))
        return self.hear(handle)

    def fork_zygote(
        self, donor: ZygoteHandle, settings: dict | None = None, serial: int = 1
    ) -> ZygoteHandle:
        """Have a zygote fork another, and tell that one its settings."""
        road = self.port.make_road()
        said = self.ask(donor, Fork(serial, ZYGOTE, list(road.theirs)), road.theirs.values())
        road.close_theirs()
        assert isinstance(said, Forked) and said.serial == serial, said
        born = self.keep(ZygoteHandle(said.pid, road.ours, road.stderr_fd))
        send(born.road, Configure("stable", "/nowhere", settings or {}))
        return born

    def hear(self, handle: ZygoteHandle) -> Message:
        """Wait for one message."""

        def look() -> tuple[Message, list[int]] | None:
            with contextlib.suppress(BlockingIOError):
                got = receive(handle.road)
                assert got is not None, self.stderr(handle)
                return got
            return None

        return wait_until("a word of the zygote", look)[0]

    def stderr(self, handle: ZygoteHandle) -> str:
        """Return what the zygote and its processes have written."""
        with contextlib.suppress(BlockingIOError):
            return os.read(handle.stderr_fd, 65536).decode()
        return ""

    def wait_exit(self, pid: int) -> Exit:
        """Reap until this process has ended."""

        def look() -> Exit | None:
            for exit_ in self.port.reap():
                assert exit_.pid not in self.exits, "an end is told once"
                self.exits[exit_.pid] = exit_
            return self.exits.get(pid)

        return wait_until(f"the end of {pid}", look)

    def close(self) -> None:
        """Hang up on every zygote, kill and reap what is left, be no subreaper any more."""
        for handle in self.handles:
            if handle.pid not in self.exits:
                self.port.send_signal(handle.pid, signal.SIGKILL)
                self.wait_exit(handle.pid)
            handle.road.close()
            os.close(handle.stderr_fd)
        for child in Path("/proc/self/task").glob("*/children"):
            for pid in map(int, child.read_text().split()):
                self.port.send_signal(pid, signal.SIGKILL)
                self.wait_exit(pid)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
