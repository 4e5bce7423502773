"""Does a kernel keep 60 Hz: every tick of a large world watched for minutes on an idle machine.

Owns: reading each tick's time from the arena, CPU and memory of each process meanwhile. Starts
one kernel in a temporary home. How busy everything else kept the machine is in the row: misses
on a machine that is not idle say nothing.
"""

import struct
import time

import psutil

from Kernel.contract.arena import TICK_TIMES, Header
from tests.bench.figures import median, percentile
from tests.bench.live_kernel import ArenaView, LiveKernel, founding, live_kernel
from tests.bench.processes import read_memory
from tests.bench.report import CannotMeasure, Report, Row, at_most
from tests.support.homes import temporary_home

ENTITIES = 200_000
MINUTES = 10.0
ENTITIES_QUICK = 5_000
MINUTES_QUICK = 0.1
SETTLE_TICKS = 300
SETTLE_TIMEOUT_S = 120.0
LOOK_S = 0.5
Process = tuple[str, int]
"""Name and pid."""


class TickTimes:
    """Every tick's duration once, from the ring of the last TICK_TIMES in the header.

    Args:
        arena: a live arena; reading begins with its next tick.
    """

    def __init__(self, arena: ArenaView) -> None:
        self._arena = arena
        self._next = arena.get(Header.COMMIT) + 1
        self.taken_us: list[int] = []

    def read(self) -> None:
        """Take what has been added since.

        Raises:
            CannotMeasure: more ticks went by than the ring holds.
        """
        # A tick's entry is written just after its commit: the newest waits for the next look.
        last = self._arena.get(Header.COMMIT) - 1
        raw = self._arena.words.get_bytes(Header.TICK_TIMES, 4 * TICK_TIMES)
        times_us = struct.unpack(f"<{TICK_TIMES}I", raw)
        behind = self._arena.get(Header.COMMIT) - self._next
        if behind >= TICK_TIMES:
            raise CannotMeasure(
                f"cannot watch every tick: {behind} went by between two looks, "
                f"the arena keeps {TICK_TIMES}"
            )
        self.taken_us += [times_us[tick % TICK_TIMES] for tick in range(self._next, last + 1)]
        self._next = max(self._next, last + 1)


def measure(
    peers: bool, quick: bool, minutes: float | None = None, entities: int | None = None
) -> Report:
    """Boot once, let it settle, watch. No peer runs a world at a pace, so none is beside.

    Args:
        minutes, entities: None: the goal's, or small ones when `quick`.
    """
    del peers
    minutes = minutes or (MINUTES_QUICK if quick else MINUTES)
    entities = entities or (ENTITIES_QUICK if quick else ENTITIES)
    with temporary_home() as home, live_kernel(home, *founding(entities)) as kernel:
        kernel.arena.wait_for_ticks(SETTLE_TICKS, SETTLE_TIMEOUT_S)
        return watch(kernel, minutes * 60.0, entities)


def watch(kernel: LiveKernel, duration_s: float, entities: int) -> Report:
    """Read every tick of a running kernel for `duration_s`."""
    arena = kernel.arena
    words = (Header.MISSED_TICKS, Header.REANCHORED, Header.EPOCH)
    words_before = [arena.get(word) for word in words]
    times = TickTimes(arena)
    cpu_before, busy_before = cpu_seconds(kernel), busy_seconds()
    began = time.monotonic()
    while time.monotonic() - began < duration_s:
        time.sleep(LOOK_S)
        times.read()
    took_s = time.monotonic() - began
    others_s = busy_seconds() - busy_before
    used_s = {
        process: seconds - cpu_before.get(process, 0.0)
        for process, seconds in cpu_seconds(kernel).items()
    }
    missed, reanchored, takeovers = (
        arena.get(word) - before for word, before in zip(words, words_before, strict=True)
    )
    taken_ms = [taken / 1e3 for taken in times.taken_us]
    world: Row = {
        "entities": entities,
        "population": arena.population(),
        "seconds": took_s,
        "ticks": len(taken_ms),
        "missed_ticks": missed,
        "reanchored": reanchored,
        "takeovers": takeovers,
        "tick_ms_p50": median(taken_ms),
        "tick_ms_p99": percentile(taken_ms, 0.99),
        "tick_ms_max": max(taken_ms),
        "others_cpu_percent": 100.0 * max(others_s - sum(used_s.values()), 0.0) / took_s,
    }
    rows = [world, *(describe(process, used_s[process], took_s) for process in used_s)]
    return Report("pace", rows, [at_most("missed ticks", missed, 0, "ticks")])


def cpu_seconds(kernel: LiveKernel) -> dict[Process, float]:
    """Return the CPU time each process of the kernel has used so far."""
    found: dict[Process, float] = {}
    for name, pid in kernel.processes():
        times = psutil.Process(pid).cpu_times()
        found[name, pid] = times.user + times.system
    return found


def busy_seconds() -> float:
    """Return the CPU time all processes of the machine have used so far, but for this one.

    With what the hypervisor took away: to us it is one more neighbour.
    """
    times = psutil.cpu_times()
    whole: float = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
    return whole - time.process_time()


def describe(process: Process, used_s: float, took_s: float) -> Row:
    """Return the row of one process: its share of one core, its memory at the end."""
    name, pid = process
    memory = read_memory(pid)
    return {
        "process": name,
        "cpu_percent": 100.0 * used_s / took_s,
        "rss_mb": memory.rss_mb,
        "pss_mb": memory.pss_mb,
        "private_dirty_mb": memory.private_dirty_mb,
    }
