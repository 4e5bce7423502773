"""Memory of the kernel and of what waits: the price of being ready.

Owns: reading smaps_rollup of each process. RSS counts shared pages in full in each process, PSS
shares them out; private dirty is what a process costs that nobody shares.
"""

from tests.bench.live_kernel import founding, live_kernel
from tests.bench.processes import Memory, read_memory
from tests.bench.report import Report, Row, at_most
from tests.support.homes import temporary_home

POPULATION = 500
SETTLE_TICKS = 180
TIMEOUT_S = 60.0
HEIR_PRIVATE_DIRTY_MB = 2.0
KERNEL_RSS_MB = 40.0


def measure(peers: bool, quick: bool) -> Report:
    """Boot once, let it settle, read. No peer keeps an heir, so none is measured beside."""
    del peers
    with temporary_home() as home, live_kernel(home, *founding(POPULATION)) as kernel:
        heir_pid = kernel.arena.wait_for_heir(TIMEOUT_S)
        kernel.arena.wait_for_ticks(SETTLE_TICKS // 3 if quick else SETTLE_TICKS, TIMEOUT_S)
        found = {name: read_memory(pid) for name, pid in kernel.processes()}
        heir = read_memory(heir_pid)
        own = found["kernel"]
    rows = [describe(name, memory) for name, memory in found.items()]
    goals = [
        at_most("idle heir, private dirty", heir.private_dirty_mb, HEIR_PRIVATE_DIRTY_MB, "MB"),
        at_most("kernel, resident", own.rss_mb, KERNEL_RSS_MB, "MB"),
    ]
    return Report("footprint", rows, goals)


def describe(name: str, memory: Memory) -> Row:
    """Return the row of one process."""
    return {
        "process": name,
        "rss_mb": memory.rss_mb,
        "pss_mb": memory.pss_mb,
        "private_dirty_mb": memory.private_dirty_mb,
    }
