"""Kill the kernel with SIGKILL: how long does anything it started live on?

Owns: the count of what is left. The deaths are seen through pidfds opened before the kill.
"""

import os
import signal
import time

from tests.bench.figures import NS_PER_MS, median
from tests.bench.live_kernel import live_kernel, temporary_home
from tests.bench.processes import DeathWatch, descendants, end_all
from tests.bench.report import CannotMeasure, Report, Row, at_most

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
    gone_ms = [last_ms for last_ms, _, _ in rounds]
    left = sum(left for _, _, left in rounds)
    row: Row = {
        "rounds": len(rounds),
        "processes": max(count for _, count, _ in rounds),
        "gone_median_ms": median(gone_ms),
        "gone_max_ms": max(gone_ms),
        f"left_after_{GONE_TIMEOUT_S:g}_s": left,
    }
    goals = [
        at_most("last process gone, worst round", max(gone_ms), GONE_MS, "ms"),
        at_most(f"processes left after {GONE_TIMEOUT_S:g} s", left, 0, "processes"),
    ]
    return Report("orphans", [row], goals)


def measure_round() -> tuple[float, int, int]:
    """Return ms until the last one was gone, how many there were, how many were left."""
    with temporary_home() as home, live_kernel(home, f"world.entities={POPULATION}") as kernel:
        kernel.arena.wait_for_heir(HEIR_TIMEOUT_S)
        below = descendants(kernel.process.pid)
        if not below:
            raise CannotMeasure("cannot measure orphans: the kernel has no child process")
        watch = DeathWatch([process.pid for process in below])
        killed_ns = time.monotonic_ns()
        os.kill(kernel.process.pid, signal.SIGKILL)
        died_ns = watch.wait(GONE_TIMEOUT_S)
        watch.close()
        end_all(below)
        left = len(below) - len(died_ns)
        last_ns = max(died_ns.values(), default=killed_ns)
        last_ms = GONE_TIMEOUT_S * 1e3 if left else (last_ns - killed_ns) / NS_PER_MS
        return last_ms, len(below), left
