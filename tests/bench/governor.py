"""The governor: what reading meters costs, and whether replacing a process costs a tick.

Owns: the cost of each reading, of all of them in a live kernel as the kernel itself counts it, and
successions begun by the governor: one to the heir, one to a generation by exec. Does not own: how
often meters are read (`Kernel/core/meter_pace.py`).

A world is made to look too large by a small `growth_percent`: its process has more for itself than
that from the beginning, so the governor replaces it, finds the next one as large, and begins anew.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from Kernel.contract.arena import Header
from Kernel.core.limits import Limits
from Kernel.ports.cgroups import SystemCgroups
from Kernel.ports.machine_load import SystemMachineMeters
from Kernel.ports.meters import ProcLoads
from tests.bench.figures import median
from tests.bench.live_kernel import LiveKernel, founding, live_kernel
from tests.bench.report import Report, Row, at_most
from tests.support.homes import temporary_home

POPULATION = 500
READS = 300
WATCHED_S = 60.0
QUICK_S = 10.0
COST_PERCENT = 0.5
REPLACED = (
    "kernel.zones.stable.memory_mb=2048",
    "kernel.zones.archive.memory_mb=100000",
    "kernel.zones.chronos.memory_mb=100000",
    "kernel.governor.growth_percent=1",
    "kernel.governor.calm_s=1",
)
"""20 MB of its own are too much then; for the others it is a hundredth of the machine."""
TIMEOUT_S = 240.0
SETTLE_TICKS = 300
QUICK_TICKS = 120


def measure(peers: bool, quick: bool) -> Report:
    """Read by hand, then watch a kernel, then have it replace its world twice."""
    del peers
    rows: list[Row] = list(_readings())
    with temporary_home() as home, live_kernel(home, *founding(POPULATION)) as kernel:
        cost = _watch(kernel, QUICK_S if quick else WATCHED_S)
    rows.append(cost)
    with temporary_home() as home, live_kernel(home, *founding(POPULATION), *REPLACED) as kernel:
        replaced = [_replacement(kernel, number, quick) for number in (1, 2)]
    missed = sum(int(row["missed_ticks"]) for row in replaced)
    share = float(cost["governor_percent"])
    goals = [
        at_most("reading meters, of one core", share, COST_PERCENT, "%"),
        at_most("ticks missed in two replacements", missed, 0, "ticks"),
    ]
    return Report("governor", [*rows, *replaced], goals)


def _readings() -> list[Row]:
    """Return what each reading takes of a processor, of a process like this one."""
    loads, machine = ProcLoads(), SystemMachineMeters(Path.cwd())
    with temporary_home() as home:
        (home / "run").mkdir(exist_ok=True)
        groups = SystemCgroups(home)
        group = groups.make("stable", Limits())
        reads: dict[str, Callable[[], object]] = {
            "one process": lambda: loads.taken(os.getpid()),
            "its waiting for cores": lambda: loads.load(os.getpid()),
            "its control group": group.usage,
            "who is in the group": group.members,
            "the machine": machine.read,
        }
        rows = [{"reading": name, "us": _cost_us(read)} for name, read in reads.items()]
        groups.close()
    return rows


def _cost_us(read: Callable[[], object]) -> float:
    """Return the median processor time of a reading, microseconds."""
    found = []
    for _ in range(READS):
        began_ns = time.thread_time_ns()
        read()
        found.append((time.thread_time_ns() - began_ns) / 1e3)
    return median(found)


def _watch(kernel: LiveKernel, seconds: float) -> Row:
    """Return what reading takes of a kernel that is calm: as it says, and all it takes beside."""
    kernel.arena.wait_for_heir(TIMEOUT_S)
    loads, pid = ProcLoads(), kernel.process.pid
    before, began_s = loads.taken(pid), time.monotonic()
    time.sleep(seconds)
    after, passed_s = loads.taken(pid), time.monotonic() - began_s
    assert before is not None and after is not None, "a kernel that has just been asked"
    governor = kernel.ask("status")["governor"]
    return {
        "watched_s": seconds,
        "governor_percent": governor["cost_percent"],
        "kernel_percent": 100 * (after.cpu_ns - before.cpu_ns) / 1e9 / passed_s,
        "step": governor["step"],
    }


def _replacement(kernel: LiveKernel, number: int, quick: bool) -> Row:
    """Wait until another process has the arena, and count the ticks missed around it."""
    arena = kernel.arena
    # The boot's own process is the first; each replacement is one epoch more.
    began = arena.get(Header.MISSED_TICKS) if number > 1 else 0
    arena.wait_until(
        lambda: arena.get(Header.EPOCH) > number, TIMEOUT_S, f"replacement {number} of the world"
    )
    arena.wait_for_ticks(QUICK_TICKS if quick else SETTLE_TICKS, TIMEOUT_S)
    return {
        "replacement": "to the heir" if number == 1 else "by exec",
        "epoch": arena.get(Header.EPOCH),
        "missed_ticks": arena.get(Header.MISSED_TICKS) - began,
    }
