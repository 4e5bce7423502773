"""What each zone may take of the kernel's pool: of all that there is on the machine.

Owns: the pool as data, cutting a zone's limits to it. Does not own: reading it
(`Kernel/ports/machine_load.py`), the limits (`limits.py`), holding anybody to them
(`zone_limits.py`).
Pure. A limit is no reservation: more may be given away than there is, as long as nobody takes it;
how much that is is told. But no zone may be given more than the whole, or the machine's own
killer would choose whom it ends before the zone's limit was ever met.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from Kernel.core.limits import MEGABYTE, Limits

ONE_CORE: Final = 100


@dataclass(frozen=True, slots=True)
class Pool:
    """What there is; 0, or no cores: it is not known, and nothing is cut.

    Args:
        cores: that we may run on, ascending.
        memory_bytes: of the machine, or of the groups above us.
        descriptors: that one process may have at most.
    """

    cores: tuple[int, ...] = ()
    memory_bytes: int = 0
    descriptors: int = 0


def budget_of(limits: Limits, pool: Pool, memory_percent: float) -> Limits:
    """Return limits that are within the pool; what is without a limit gets all of it.

    Args:
        memory_percent: of the pool's memory that zones may have.
    """
    memory_mb = int(pool.memory_bytes * memory_percent / 100) // MEGABYTE
    cores_percent = ONE_CORE * len(pool.cores)
    return replace(
        limits,
        memory_mb=_within(limits.memory_mb, memory_mb),
        # Who has no limit of processor time needs no quota either: the weight of its group holds.
        cpu_percent=min(limits.cpu_percent, cores_percent) if cores_percent else limits.cpu_percent,
        descriptors=min(limits.descriptors, pool.descriptors)
        if pool.descriptors
        else limits.descriptors,
    )


def pool_fields(pool: Pool, given: Iterable[Limits], memory_percent: float) -> dict[str, Any]:
    """Return the pool and what of it is given away, for people and programs."""
    memory_mb = int(pool.memory_bytes * memory_percent / 100) // MEGABYTE
    return {
        "cores": list(pool.cores),
        "memory_mb": memory_mb or None,
        "memory_given_mb": sum(each.memory_mb for each in given),
        "descriptors": pool.descriptors or None,
    }


def _within(limit: int, most: int) -> int:
    """Return a limit that is at most `most`; 0 is none, of either."""
    return min(limit or most, most or limit)
