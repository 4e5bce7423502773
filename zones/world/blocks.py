"""Blocks of slots, and the memory of the thread that works on one.

Owns: how many slots are handled together, and the lists and columns of a block that one loop
leaves to the next. Does not own: the loops (`behaviour.py`).

A block is handled by several short loops, not by one long one: a loop without branches becomes
vector instructions, and what needs a branch runs over a list of only those it concerns, made
without a branch. What they share stays in the core's own cache.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from zones.runtime.numba_setup import njit
from zones.world.columns import ALIVE, F32, I32

BLOCK: Final = 1024
"""Slots handled together; also the neighbourhood in memory that a newborn is put into."""

LIVING: Final = 0
FOUND: Final = 1
FEW: Final = 2
_LISTS: Final = 3
"""Lists of a desk: who lives, the food each of them found, and a few to be handled by a branch."""

WANT_X: Final = 0
WANT_Y: Final = 1
SPEED_MAX: Final = 2
FAR: Final = 3
DISTANCE2: Final = 4
PUSH_X: Final = 5
PUSH_Y: Final = 6
SLOPE_X: Final = 7
SLOPE_Y: Final = 8
WARMTH: Final = 9
SURELY: Final = 10
_COLUMNS: Final = 11
"""Columns of a desk, by slot of the block: wanted velocity, fastest speed, sight, squared distance
of the food found (by place in the list of the living), what touching adds to the velocity, slope
and warmth of the ground, the age that is surely lived to."""


class Desks(NamedTuple):
    """One desk for each part of the blocks; whatever lies on it is written anew for each block."""

    lists: I32  # (parts, _LISTS, BLOCK)
    columns: F32  # (parts, _COLUMNS, BLOCK)


def new_desks(parts: int) -> Desks:
    """Return desks for so many parts."""
    return Desks(
        np.zeros((parts, _LISTS, BLOCK), np.int32), np.zeros((parts, _COLUMNS, BLOCK), np.float32)
    )


@njit
def list_living(state: Any, new_state: Any, living: Any) -> Any:
    """Copy the states of a block, list the slots that live, and return how many do."""
    count = np.uint32(0)
    for i in range(len(state)):
        living[count] = i
        count += np.uint32(state[i] == ALIVE)
    for i in range(len(state)):
        new_state[i] = state[i]
    return count
