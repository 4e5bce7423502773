"""Decide which cores the processes of a zone may run on: a world first.

Owns: the rule. Does not own: asking Linux for it and seeing what became of it (`governor.py`,
`Kernel/ports/cores.py`).
Pure. A world may run everywhere. One core at least is kept free of bus zones, where there are two:
a flood of events then cannot be in the way of a tick, and a world of one thread, as small worlds
are, always finds a core on which only its own kin and temporary processes are. Those are not
placed: they weigh a tenth of a world (`cpu_weight`), and half a machine less would double the time
of every trial on two cores.
"""

from collections.abc import Sequence
from typing import Final

WORLD_SHARE: Final = 4
"""One core in so many is a world's, and one at least of two or more."""


def cores_for(kind_is_arena: bool, cores: Sequence[int]) -> tuple[int, ...]:
    """Return the cores a zone may run on, ascending; all of them where there is no choice.

    Args:
        cores: those this machine, or a cpuset above us, lets us have.
    """
    every = tuple(sorted(cores))
    if kind_is_arena or len(every) < 2:
        return every
    return every[max(1, len(every) // WORLD_SHARE) :]
