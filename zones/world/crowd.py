"""Who is near whom: a grid over the living Molbots, made anew in each tick.

Owns: the index and its shape. Does not own: what neighbours do to each other (`bodies.py`).

A counting sort by cell that keeps slot order within a cell, so that the index, and every sum made
along it, is the same for any number of parts. Derived from buffer A alone.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from zones.runtime.numba_setup import kernel, njit, prange
from zones.world.columns import ALIVE, F32, I32
from zones.world.lanes import LANES

CELLS_PER_SLOT: Final = 2
CELLS_MIN: Final = 4096
NOWHERE: Final = np.float32(np.inf)
"""Behind the last one stored there are LANES of these: so many are read without a branch."""


class Crowd(NamedTuple):
    """Memory of the index; all of it that is read is written anew in each tick.

    Args:
        starts: int32; the Molbots of cell c are starts[c] to starts[c + 1].
        x, y: of the living, sorted by cell.
        slot: of the same.
        cells: int32 by slot: the cell it is in.
        counts: int32 (parts, cells + 1): of each part's Molbots in a cell, then where they go.
            Free slots are in the last cell, behind all others: to sort them takes no branch.
    """

    starts: I32
    x: F32
    y: F32
    slot: I32
    cells: I32
    counts: I32


class CrowdShape(NamedTuple):
    """Side of a cell and how many there are."""

    cell: np.float32
    cols: int
    rows: int


def new_crowd(slots: int, parts: int) -> Crowd:
    """Return memory for the index of a world of so many slots, sorted in so many parts."""
    cells = CELLS_PER_SLOT * slots + CELLS_MIN
    return Crowd(
        starts=np.zeros(cells + 1, np.int32),
        x=np.zeros(slots + LANES, np.float32),
        y=np.zeros(slots + LANES, np.float32),
        slot=np.zeros(slots, np.int32),
        cells=np.zeros(slots, np.int32),
        counts=np.zeros((parts, cells + 1), np.int32),
    )


def plan_crowd(width: float, height: float, population: int, reach: float, most: int) -> CrowdShape:
    """Return the grid for this many Molbots.

    Args:
        reach: the farthest two Molbots touch each other; a cell is at least twice as long, so that
            2 x 2 cells hold all that one can touch.
        most: never more cells than this.
    """
    cell = max(2.0 * reach, math.sqrt(width * height / max(population, 1)), 1e-3)
    while (cols := int(width / cell) + 1) * (rows := int(height / cell) + 1) > most:
        cell *= 2.0
    return CrowdShape(np.float32(cell), cols, rows)


@njit
def _count_part(
    lo: Any, hi: Any, x: Any, y: Any, state: Any, shape: Any, cells: Any, counts: Any
) -> None:
    cell, cols, rows = shape
    inverse = np.float32(1.0) / cell
    nowhere = np.int32(cols * rows)
    last_col, last_row, wide = np.int32(cols - 1), np.int32(rows - 1), np.int32(cols)
    for c in range(nowhere + 1):
        counts[c] = 0
    for i in range(lo, hi):
        col = min(np.int32(x[i] * inverse), last_col)
        row = min(np.int32(y[i] * inverse), last_row)
        cells[i] = row * wide + col if state[i] == ALIVE else nowhere
    for i in range(lo, hi):
        counts[np.uint32(cells[i])] += 1


@njit
def _place_part(lo: Any, hi: Any, x: Any, y: Any, crowd: Any, counts: Any) -> None:
    _, store_x, store_y, store_slot, cells, _ = crowd
    for i in range(lo, hi):
        cell = np.uint32(cells[i])
        at = np.uint32(counts[cell])
        counts[cell] = at + np.uint32(1)
        store_x[at] = x[i]
        store_y[at] = y[i]
        store_slot[at] = i


@kernel
def index_crowd(parts: Any, x: Any, y: Any, state: Any, shape: Any, crowd: Any) -> None:
    """Sort the living by cell.

    Args:
        parts: how many equal shares of slots are sorted side by side; 1 runs without threads.
        x, y, state: of buffer A by slot.
        shape: a `CrowdShape`.
        crowd: a `Crowd`; written.
    """
    starts, _, _, _, cells, counts = crowd
    slots = len(x)
    if parts > 1:
        for part in prange(parts):
            lo, hi = slots * part // parts, slots * (part + 1) // parts
            _count_part(lo, hi, x, y, state, shape, cells, counts[part])
    else:
        _count_part(0, slots, x, y, state, shape, cells, counts[0])
    at = 0
    for c in range(shape[1] * shape[2]):
        starts[c] = at
        for part in range(parts):
            here = counts[part, c]
            counts[part, c] = at
            at += here
    living = at
    starts[shape[1] * shape[2]] = living
    for part in range(parts):
        here = counts[part, shape[1] * shape[2]]
        counts[part, shape[1] * shape[2]] = at
        at += here
    if parts > 1:
        for part in prange(parts):
            lo, hi = slots * part // parts, slots * (part + 1) // parts
            _place_part(lo, hi, x, y, crowd, counts[part])
    else:
        _place_part(0, slots, x, y, crowd, counts[0])
    for k in range(living, living + LANES):
        crowd[1][k] = NOWHERE
        crowd[2][k] = NOWHERE
