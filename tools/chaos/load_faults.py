"""Faults of the machine: cores that are busy, memory that is taken, a disk that is kept waiting.

Owns: how much is taken and for how long; children of ours take it, no process of the kernel is
touched. Does not own: the taking (`burden.py`).
"""

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from tools.chaos.child import Child
from tools.chaos.fault import Fault, Injury, Misses
from tools.chaos.target import Target

LASTS_S: Final = (5.0, 10.0)
LATE_S: Final = 2.0
"""A child ends by itself so long after it should have been ended."""
HIGHER: Final = -10
"""Niceness; where it may not be had, the usual one."""
MEMORY_SHARE: Final = 0.25
MEMORY_MB_MAX: Final = 4096
SYNC_MB: Final = 200


def load_faults() -> list[Fault]:
    """Return the faults of a machine that has other things to do."""
    return [
        Fault("busy cores", 2, partial(_busy, 0), Misses.MANY),
        Fault("busy cores before us", 2, partial(_busy, HIGHER), Misses.MANY),
        Fault("memory burst", 2, _hold),
        Fault("fsync storm", 2, _sync),
    ]


def _busy(nice: int, _target: Target, chance: Random) -> Injury:
    """As many processes as there are cores, or twice as many, want to run all the time."""
    cores = len(os.sched_getaffinity(0))
    count = chance.choice((cores, 2 * cores))
    lasts_s = chance.uniform(*LASTS_S)
    children = [_burden("spin", lasts_s + LATE_S) for _ in range(count)]
    with suppress(PermissionError):
        for each in children:
            os.setpriority(os.PRIO_PROCESS, each.pid, nice)
    return _lasting(f"{count} busy processes, niceness {nice}", lasts_s, children)


def _hold(_target: Target, chance: Random) -> Injury:
    megabytes = min(int(_available_mb() * MEMORY_SHARE), MEMORY_MB_MAX)
    lasts_s = chance.uniform(*LASTS_S)
    child = _burden("hold", megabytes, lasts_s + LATE_S)
    return _lasting(f"{megabytes} MB of memory taken", lasts_s, [child])


def _sync(target: Target, chance: Random) -> Injury:
    lasts_s = chance.uniform(*LASTS_S)
    child = _burden("sync", target.home, SYNC_MB, lasts_s)
    return _lasting(f"{SYNC_MB} MB at most forced to the disk of the home", lasts_s, [child])


def _burden(*words: object) -> Child:
    return Child("tools.chaos.burden", *map(str, words))


def _lasting(told: str, lasts_s: float, children: list[Child]) -> Injury:
    def heal() -> None:
        for each in children:
            each.end()

    return Injury(f"{told}, {lasts_s:.1f} s", lasts_s=lasts_s, heal=heal)


def _available_mb() -> int:
    """Return what could be taken without anybody having to give."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 0
