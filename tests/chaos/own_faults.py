"""Faults that take a kernel of our own: it is killed, alone or with others, and booted again.

Owns: these; what a fault of ours is. Does not own: the others (`disk_faults.py` and its
neighbours), faults that any running kernel must survive (`tools/chaos`).
"""

from collections.abc import Callable
from random import Random

from tests.chaos.own_target import OwnTarget
from tools.chaos.fault import Fault, Injury, Misses
from tools.chaos.target import Target


def own_fault(
    name: str,
    weight: int,
    begin: Callable[[OwnTarget, Random], Injury | None],
    misses: Misses = Misses.NONE,
    alone: bool = True,
) -> Fault:
    """Return a fault that needs a kernel of ours; most go with no other one."""

    def begin_here(target: Target, chance: Random) -> Injury | None:
        assert isinstance(target, OwnTarget)
        return begin(target, chance)

    return Fault(name, weight, begin_here, misses, alone)


def kernel_faults() -> list[Fault]:
    """Return the faults of the kernel itself."""
    many = Misses.MANY
    return [
        own_fault("kill kernel", 4, _kill, many, alone=False),
        own_fault("kill kernel and archive", 3, _kill_with_archive, many, alone=False),
    ]


def _kill(target: OwnTarget, _chance: Random, *roles: str) -> Injury:
    told = f"SIGKILL to {' and '.join(('kernel', *roles))}, {target.kernel}"
    target.kill(*roles)
    target.boot()
    return Injury(f"{told}; booted again as {target.kernel}")


def _kill_with_archive(target: OwnTarget, chance: Random) -> Injury:
    return _kill(target, chance, "archive")
