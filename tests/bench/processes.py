"""Look at processes from outside: who descends from whom, who is gone, how much memory they take.

Owns: reading /proc and pidfds. Ends only processes it is handed.
"""

import contextlib
import os
import re
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROLLUP_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of one process, in MB (10**6 bytes)."""

    rss_mb: float
    pss_mb: float
    private_dirty_mb: float


def parse_rollup(text: str) -> Memory:
    """Return the memory that the text of /proc/PID/smaps_rollup reports."""
    kilobytes = {name: int(value) for name, value in ROLLUP_LINE.findall(text)}
    return Memory(
        rss_mb=kilobytes["Rss"] * 1024 / 1e6,
        pss_mb=kilobytes["Pss"] * 1024 / 1e6,
        private_dirty_mb=kilobytes["Private_Dirty"] * 1024 / 1e6,
    )


def read_memory(pid: int) -> Memory:
    """Return the memory of a running process."""
    return parse_rollup(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))


def descendants(pid: int) -> list[psutil.Process]:
    """Return every process below `pid`, at any depth."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


class DeathWatch:
    """Pidfds of some processes: news of each death without polling, safe against reused pids.

    A process that is already gone when the watch begins counts as gone.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self._poll = select.poll()
        self._open: dict[int, int] = {}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                self._open[descriptor] = pid
                self._poll.register(descriptor, select.POLLIN)

    def wait(self, timeout_s: float) -> dict[int, int]:
        """Wait until all are dead; return pid -> CLOCK_MONOTONIC ns at which its death was seen.

        Pids that outlive the time-out are not in the answer.
        """
        deadline_ns = time.monotonic_ns() + int(timeout_s * 1e9)
        died_ns: dict[int, int] = {}
        while self._open:
            left_ms = (deadline_ns - time.monotonic_ns()) / 1e6
            if left_ms <= 0:
                break
            for descriptor, _ in self._poll.poll(left_ms):
                died_ns[self._open.pop(descriptor)] = time.monotonic_ns()
                self._poll.unregister(descriptor)
                os.close(descriptor)
        return died_ns

    def close(self) -> None:
        """Give the remaining descriptors back."""
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()


def end_all(processes: Sequence[psutil.Process]) -> None:
    """Kill those of the given processes that are still there; psutil checks their start time.

    Returns when all are dead, or after 5 s; a zombie that nobody reaps is dead.
    """
    watch = DeathWatch([process.pid for process in processes if process.is_running()])
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    watch.wait(5.0)
    watch.close()
