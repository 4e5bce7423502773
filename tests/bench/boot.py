"""From exec to the first committed tick, with warm caches.

Owns: the stop-watch around `manifest.py`. Both ends are on CLOCK_MONOTONIC: the start is taken
just before the fork, the end is stamped by the world (`Header.FIRST_COMMIT_NS`).
"""

from pathlib import Path

from Kernel.contract.arena import Header
from tests.bench.figures import NS_PER_MS, median
from tests.bench.live_kernel import LiveKernel, live_kernel
from tests.bench.report import Report, Row, at_most
from tests.support.homes import temporary_home

BOOTS = 7
BOOTS_QUICK = 3
FIRST_COMMIT_TIMEOUT_S = 30.0
FIRST_TICK_S = 1.5


def measure(peers: bool, quick: bool) -> Report:
    """Boot new worlds, and resume one; the first boot only warms the caches. No peer has this."""
    del peers
    boots = BOOTS_QUICK if quick else BOOTS
    with temporary_home() as home:
        boot_once(home)
    fresh = []
    for _ in range(boots):
        with temporary_home() as home:
            fresh.append(boot_once(home))
    with temporary_home() as home:
        boot_once(home)
        resumed = [boot_once(home) for _ in range(boots)]
    rows = [summarise("new world", fresh), summarise("resumed", resumed)]
    goals = [
        at_most("first tick of a new world, median", median(firsts(fresh)), FIRST_TICK_S, "s"),
        at_most("first tick when resumed, median", median(firsts(resumed)), FIRST_TICK_S, "s"),
    ]
    return Report("boot", rows, goals)


def boot_once(home: Path) -> tuple[float, float]:
    """Boot and stop; return seconds to the first commit, and the kernel's own `boot_s`."""
    with live_kernel(home) as kernel:
        return first_commit_s(kernel), float(kernel.ready["boot_s"])


def first_commit_s(kernel: LiveKernel) -> float:
    """Wait for this boot's first commit and return how long after the start it came."""
    arena = kernel.arena
    arena.wait_until(
        lambda: arena.get(Header.FIRST_COMMIT_NS) > kernel.started_ns,
        FIRST_COMMIT_TIMEOUT_S,
        "the first commit",
    )
    return (arena.get(Header.FIRST_COMMIT_NS) - kernel.started_ns) / NS_PER_MS / 1e3


def firsts(boots: list[tuple[float, float]]) -> list[float]:
    """Return the seconds to the first commit."""
    return [first for first, _ in boots]


def summarise(kind: str, boots: list[tuple[float, float]]) -> Row:
    """Return the row of one kind of boot."""
    return {
        "boot": kind,
        "boots": len(boots),
        "first_tick_median_s": median(firsts(boots)),
        "first_tick_max_s": max(firsts(boots)),
        "boot_s_median": median([own for _, own in boots]),
    }
