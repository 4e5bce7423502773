"""Faults that take a kernel of our own: it is killed, alone or with others, and booted again.

Owns: these, and which others there are. Does not own: the others (`disk_faults.py`,
`damage_faults.py`, `clock_faults.py`), faults that any running kernel must survive (`tools/chaos`).
"""

from collections.abc import Sequence
from functools import partial
from random import Random

from tests.chaos.own_target import OwnTarget
from tools.chaos.fault import Fault, Injury, Misses
from tools.chaos.target import Target


def kernel_faults() -> list[Fault]:
    """Return the faults of the kernel itself."""
    return [
        Fault("kill kernel", 4, partial(_kill, ()), Misses.MANY),
        Fault("kill kernel and archive", 3, partial(_kill, ("archive",)), Misses.MANY),
    ]


def _kill(roles: Sequence[str], target: Target, _chance: Random) -> Injury:
    assert isinstance(target, OwnTarget)
    named = " and ".join(("kernel", *roles))
    told = f"SIGKILL to {named}, {target.kernel}"
    target.kill(roles)
    target.boot()
    return Injury(f"{told}; booted again as {target.kernel}")
