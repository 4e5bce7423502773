"""Processes of the operating system: start a zygote, send signals, reap, become a subreaper.

Owns: every call that makes, ends or collects a process. Does not own: when (`Kernel/core`).
A forked zone process is not our child by birth: the kernel is a child subreaper, so it is handed
over when the process between leaves (see `zones/runtime/kinship.py`). Nothing is reaped elsewhere,
so a pid we know cannot be reused before `reap` has told of its end.
"""

import contextlib
import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fallback.births import held_at_birth, newborn
from fallback.lent_cache import lend_cache
from fallback.zone_environment import zone_environment
from Kernel.contract.signal_words import describe_signal
from Kernel.ports.kin import read_kin

_PR_SET_CHILD_SUBREAPER = 36
ROAD_BUFFER_BYTES = 1 << 20
ERRAND_NICE = 15


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: an exit code, or the signal that ended it (the other is None)."""

    pid: int
    code: int | None
    signal: int | None

    def describe(self) -> str:
        """Return words for people: "signal 9 (SIGKILL)" or "exit code 1"."""
        if self.signal is not None:
            return describe_signal(self.signal)
        return f"exit code {self.code}"


@dataclass(frozen=True, slots=True)
class ZygoteHandle:
    """A started zygote: its pid, our end of the road to it, and the pipe of its stderr."""

    pid: int
    road: socket.socket
    stderr_fd: int


@dataclass(slots=True)
class NewRoad:
    """The road to a zygote that another one is to fork, and the pipe for its stderr.

    Args:
        ours, stderr_fd: our ends, as in a `ZygoteHandle`.
        theirs: their ends, as they are named in the Fork.
        close_fd: closes one of those descriptors.
    """

    ours: socket.socket
    stderr_fd: int
    theirs: dict[str, int]
    close_fd: Callable[[int], None]

    def close_theirs(self) -> None:
        """They were sent: ours are not needed."""
        for fd in self.theirs.values():
            self.close_fd(fd)
        self.theirs = {}

    def close(self) -> None:
        """Close all of it."""
        self.close_theirs()
        self.ours.close()
        self.close_fd(self.stderr_fd)


class Processes(Protocol):
    """What the kernel may do to processes; a test gives its own."""

    def start_zygote(self, service: str, root: Path | None = None) -> ZygoteHandle:
        """Start a zygote of a service package, from the checkout or from the root of a slot."""

    def make_road(self) -> NewRoad:
        """Make the road to a zygote that another one is to fork."""

    def send_signal(self, pid: int, number: int) -> None:
        """Send a signal to a process we have not reaped; nothing happens if it is a zombie."""

    def reap(self) -> list[Exit]:
        """Collect every child that has ended; never waits."""

    def kin(self) -> dict[int, tuple[int, int]]:
        """Return the parent and the session of every process there is."""


class SystemProcesses:
    """The real ones.

    Args:
        root: the checkout, made the zygote's working directory and import path.
        cache_dir: where numba keeps compiled kernels, mode 0700.
        keep_fds: descriptors every zygote inherits (the home's lock).
    """

    def __init__(self, root: Path, cache_dir: Path, keep_fds: tuple[int, ...]) -> None:
        self._root = root
        self._cache_dir = cache_dir
        self._keep_fds = keep_fds
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._started: dict[int, subprocess.Popen[bytes]] = {}

    def start_zygote(self, service: str, root: Path | None = None) -> ZygoteHandle:
        """Start `python -m zones.runtime.zygote` in its own session, tied to our life.

        Args:
            root: the folder whose `zones` and `Kernel.contract` it runs; None: the checkout. A
                slot's compiled kernels are lent to the compile cache first.

        Raises:
            OSError: the machine has no room for one process more.
        """
        if root is not None:
            with contextlib.suppress(OSError):  # it compiles then, and says so
                lend_cache(root, self._cache_dir)
        new = self.make_road()
        road_fd, write_end = new.theirs["road"], new.theirs["stderr"]
        try:
            with held_at_birth():
                popen = subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "zones.runtime.zygote",
                        service,
                        str(road_fd),
                        str(os.getpid()),
                    ],
                    cwd=root or self._root,
                    env=zone_environment(self._cache_dir, in_slot=root is not None),
                    stdin=subprocess.DEVNULL,
                    stdout=write_end,
                    stderr=write_end,
                    pass_fds=(road_fd, *self._keep_fds),
                    start_new_session=True,  # a Ctrl-C on the terminal is for the kernel alone
                    preexec_fn=newborn(),  # noqa: PLW1509 - system calls, nothing a thread could hold
                )
        except OSError:  # no room for one process more: nothing of the attempt stays open
            new.close()
            raise
        new.close_theirs()
        self._started[popen.pid] = popen
        return ZygoteHandle(popen.pid, new.ours, new.stderr_fd)

    def make_road(self) -> NewRoad:
        """Make the road to a zygote, and the pipe for its stderr; ours do not block.

        Raises:
            OSError: no descriptor is left.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            ours.close()
            theirs.close()
            raise
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROAD_BUFFER_BYTES)
        ours.setblocking(False)
        os.set_blocking(write_end, True)
        return NewRoad(ours, read_end, {"road": theirs.detach(), "stderr": write_end}, os.close)

    def start_errand(self, module: str, *words: str) -> int:
        """Start `python -m MODULE WORDS` of the checkout, niced, tied to our life; return its pid.

        Its end is told by `reap`; what it says is thrown away.

        Raises:
            OSError: the machine has no room for one process more.
        """
        with held_at_birth():
            popen = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=self._root,
                env=zone_environment(self._cache_dir),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=newborn(ERRAND_NICE),  # noqa: PLW1509 - system calls, as above
            )
        self._started[popen.pid] = popen
        return popen.pid

    def send_signal(self, pid: int, number: int) -> None:
        """Send a signal; a process that ended but is not reaped takes it without effect."""
        assert pid > 1, f"never signal pid {pid}"
        # One that was reaped in this same round has its Exit under way.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def reap(self) -> list[Exit]:
        """Collect every child that has ended, ours by birth or handed over."""
        exits: list[Exit] = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return exits
            if pid == 0:
                return exits
            code = os.waitstatus_to_exitcode(status)
            popen = self._started.pop(pid, None)
            if popen is not None:
                popen.returncode = code  # so that Popen never waits for it again
            exits.append(Exit(pid, code if code >= 0 else None, -code if code < 0 else None))

    def kin(self) -> dict[int, tuple[int, int]]:
        """Return the parent and the session of every process there is."""
        return read_kin()
