"""Kill the kernel with SIGKILL: how long does anything it started live on?

Owns: the count of what is left. The deaths are seen through pidfds opened before the kill.
"""

import os
import signal
import time
from dataclasses import dataclass

from tests.bench.figures import NS_PER_MS, median
from tests.bench.live_kernel import founding, live_kernel
from tests.bench.processes import DeathWatch, descendants, end_all
from tests.bench.report import CannotMeasure, Report, Row, at_most
from tests.support.homes import temporary_home

ROUNDS = 10
ROUNDS_QUICK = 3
POPULATION = 5_000
GONE_TIMEOUT_S = 5.0
HEIR_TIMEOUT_S = 30.0
GONE_MS = 10.0


def measure(peers: bool, quick: bool) -> Report:
    """Boot and kill a kernel several times. The peers leave their workers running, so no times."""
    del peers
    rounds = [measure_round() for _ in range(ROUNDS_QUICK if quick else ROUNDS)]
    gone_ms = [last.gone_ms for last in rounds]
    left = sum(last.left for last in rounds)
    row: Row = {
        "rounds": len(rounds),
        "processes": max(last.processes for last in rounds),
        "gone_median_ms": median(gone_ms),
        "gone_max_ms": max(gone_ms),
        "last_one_then": max(rounds, key=lambda last: last.gone_ms).name,
        f"left_after_{GONE_TIMEOUT_S:g}_s": left,
    }
    goals = [
        at_most("last process gone, worst round", max(gone_ms), GONE_MS, "ms"),
        at_most(f"processes left after {GONE_TIMEOUT_S:g} s", left, 0, "processes"),
    ]
    return Report("orphans", [row], goals)


@dataclass(frozen=True, slots=True)
class Round:
    """What one killed kernel left behind.

    Args:
        gone_ms: signal sent → death of the last process below the kernel was seen.
        name: which process that was.
        processes: how many there were below the kernel.
        left: how many outlived `GONE_TIMEOUT_S`.
    """

    gone_ms: float
    name: str
    processes: int
    left: int


def measure_round() -> Round:
    """Boot a kernel, kill it, and watch everything below it die."""
    with temporary_home() as home, live_kernel(home, *founding(POPULATION)) as kernel:
        kernel.arena.wait_for_heir(HEIR_TIMEOUT_S)
        below = descendants(kernel.process.pid)
        if not below:
            raise CannotMeasure("cannot measure orphans: the kernel has no child process")
        names = {pid: name for name, pid in kernel.processes()}
        watch = DeathWatch([process.pid for process in below])
        killed_ns = time.monotonic_ns()
        os.kill(kernel.process.pid, signal.SIGKILL)
        died_ns = watch.wait(GONE_TIMEOUT_S)
        watch.close()
        end_all(below)
        left = len(below) - len(died_ns)
        last_pid = max(died_ns, key=lambda pid: died_ns[pid], default=kernel.process.pid)
        last_ns = died_ns.get(last_pid, killed_ns)
        gone_ms = GONE_TIMEOUT_S * 1e3 if left else (last_ns - killed_ns) / NS_PER_MS
        return Round(gone_ms, names.get(last_pid, "a process of no zone"), len(below), left)
