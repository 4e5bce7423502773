"""What the processes of a zone, and a temporary process, may take of the machine.

Owns: the limits as data, and the part of them that a process sets for itself. Does not own: their
keys (`Kernel/config_keys.py`), groups of the system (`Kernel/ports/cgroups.py`), what becomes of
who goes beyond one (`resource_governor.py`).
Pure.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from Kernel.core.function_cache import CacheLimits

NO_LIMIT: Final = 0
USUAL_WEIGHT: Final = 100
"""Of a group that nothing is said of, as Linux has it."""
MEGABYTE: Final = 1 << 20
KILOBYTE: Final = 1 << 10
LIMITS_HINT: Final = "molt config"
"""For who meets a limit: it lists the key, its value and the file that says it."""


class CageKind(StrEnum):
    """The profiles of the cage that a zone may have; what each holds: `zones/runtime/cages`."""

    SEALED = "sealed"
    ARCHIVE = "archive"
    CHRONOS = "chronos"
    AGENTS = "agents"
    GATEWAY = "gateway"
    FEDERATION = "federation"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one zone, or one temporary process, may take; NO_LIMIT: as much as there is.

    Args:
        memory_mb: of all its processes together; of each of them where no group holds it.
        cpu_percent: of all together, 100 is one core.
        cpu_weight: of all together beside other groups, where more want to run than can.
        processes: processes and threads of all together.
        descriptors: open ones of each process.
        file_mb: the largest file each may write.
    """

    memory_mb: int = NO_LIMIT
    cpu_percent: int = NO_LIMIT
    cpu_weight: int = USUAL_WEIGHT
    processes: int = NO_LIMIT
    descriptors: int = NO_LIMIT
    file_mb: int = NO_LIMIT

    @property
    def memory_bytes(self) -> int:
        """`memory_mb` in bytes."""
        return self.memory_mb * MEGABYTE


@dataclass(frozen=True, slots=True)
class CellLimits:
    """Temporary processes of one role: how many, how long, how much.

    Args:
        at_once: so many run beside each other.
        queued: so many more may wait; who comes then is refused.
        wall_s: seconds after which one is killed.
        each: what one of them may take, with everything it forks.
        source_kb: the largest source, or pickled call, that is taken.
    """

    at_once: int = 2
    queued: int = 16
    wall_s: float = 60.0
    each: Limits = field(default_factory=Limits)
    source_kb: int = 256

    @property
    def source_bytes(self) -> int:
        """`source_kb` in bytes."""
        return self.source_kb * KILOBYTE


@dataclass(frozen=True, slots=True)
class TrialLimits(CellLimits):
    """Trials of candidates.

    Args:
        ticks_max, seeds_max: the largest trial that may be asked for.
    """

    source_kb: int = 32
    ticks_max: int = 100_000
    seeds_max: int = 64


@dataclass(frozen=True, slots=True)
class CallLimits(CellLimits):
    """Functions and files that people have run.

    Args:
        output_kb: so much of what one prints is kept.
        cache_kb: of what files compile to, so much is kept for later calls; 0: nothing.
        cache_s: for so long.
    """

    output_kb: int = 64
    cache_kb: int = 8192
    cache_s: float = 3600.0

    @property
    def output_bytes(self) -> int:
        """`output_kb` in bytes."""
        return self.output_kb * KILOBYTE

    @property
    def cache(self) -> CacheLimits:
        """What is kept of compiled code."""
        return CacheLimits(self.cache_kb * KILOBYTE, self.cache_s)


def limit_fields(limits: Limits) -> dict[str, Any]:
    """Return limits by the names of their keys, for people and programs."""
    return {
        "memory_mb": limits.memory_mb,
        "cpu_percent": limits.cpu_percent,
        "cpu_weight": limits.cpu_weight,
        "processes": limits.processes,
        "descriptors": limits.descriptors,
        "file_mb": limits.file_mb,
    }
