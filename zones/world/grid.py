"""Finding the nearest ripe food exactly: where places are stored, a grid over the ripe ones.

Owns: the order of places in memory, the index of ripe places built in every tick, the search.
Does not own: when a place is ripe (`parameters.py`), what a Molbot does about it (`behaviour.py`).

Places never move. They are stored row after row of a fine grid, so that one row of any coarser
grid whose cells are whole numbers of fine cells is one run of places. Each tick the ripe places
are sorted into such a grid, coarse enough for RIPE_PER_CELL of them in a cell: the search costs
the same whether all food is ripe or one place in a hundred (a fixed grid was tried first: five
times slower once the food was grazed down). Rows are indexed side by side, and each has room for
all of its places, so no row waits for another.

The index is derived from buffer A alone and gives the same answer for any cell size.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from Kernel.contract.errors import ArenaError
from zones.runtime.numba_setup import kernel, njit, prange
from zones.world.columns import F32, I32
from zones.world.lanes import LANES, nearest_key

PLACES_PER_FINE_CELL: Final = 0.5
FINE_CELL_MIN: Final = 0.01
FINE_CELLS_MAX: Final = 1 << 25
RIPE_PER_CELL: Final = 2.5
"""Of the 2 x 2 cells a search reads first, nine in ten hold the nearest place for certain."""
NOWHERE: Final = np.float32(np.inf)
"""Places are read LANES at a time without a branch; each row ends with as many of these."""
NONE_FOUND: Final = -1

_INDEX_MASK: Final = 0x7FFF_FFFF
_ROWS_PER_TASK: Final = 8


class FineGrid(NamedTuple):
    """The grid places are stored by: column c holds those with floor(x / cell) == c."""

    cell: float
    cols: int
    rows: int


class Index(NamedTuple):
    """Memory of the index of ripe places; all of it is written anew in each tick.

    Args:
        starts: int32; ripe places of row r, column c are starts[r * (cols + 1) + c] to the next.
        x, y, place: of the ripe places, sorted by cell; `place` is the number of the place.
        ripe: int32 by place: numbers of the ripe places of a row, before sorting.
    """

    starts: I32
    x: F32
    y: F32
    place: I32
    ripe: I32


def plan_grid(width: float, height: float, places: int) -> FineGrid:
    """Return the grid to store `places` by."""
    area = width * height
    cell = math.sqrt(area * PLACES_PER_FINE_CELL / places)
    cell = float(np.float32(max(cell, FINE_CELL_MIN, math.sqrt(area / FINE_CELLS_MAX))))
    return FineGrid(cell, int(width / cell) + 1, int(height / cell) + 1)


def cells_of(x: F32, y: F32, grid: FineGrid) -> I32:
    """Return the fine cell number of each point, row after row."""
    inverse = np.float32(1.0) / np.float32(grid.cell)
    col = np.minimum((x * inverse).astype(np.int64), grid.cols - 1)
    row = np.minimum((y * inverse).astype(np.int64), grid.rows - 1)
    return (row * grid.cols + col).astype(np.int32)


def row_starts(x: F32, y: F32, grid: FineGrid) -> I32:
    """Return shape (rows + 1,): places of fine row r are starts[r] to starts[r + 1].

    Raises:
        ArenaError: the places are not stored by cell.
    """
    cells = cells_of(x, y, grid)
    if np.any(cells[1:] < cells[:-1]) or np.any(cells < 0):
        raise ArenaError("cannot use the arena: its food places are not stored by cell")
    edges = np.arange(grid.rows + 1, dtype=np.int64) * grid.cols
    return np.searchsorted(cells, edges).astype(np.int32)


def new_index(grid: FineGrid, places: int) -> Index:
    """Return memory for the index of a world; `behaviour` reads it after `index_food`."""
    room = places + LANES * grid.rows
    return Index(
        starts=np.zeros(grid.rows * (grid.cols + 1), np.int32),
        x=np.zeros(room, np.float32),
        y=np.zeros(room, np.float32),
        place=np.zeros(room, np.int32),
        ripe=np.zeros(places, np.int32),
    )


def coarsen(grid: FineGrid, ripe: int, area: float, radius: float) -> int:
    """Return how many fine cells make a side of a coarse one.

    Args:
        ripe: how many places are ripe.
        radius: largest distance searched; cells twice as large always settle a search at once.
    """
    wanted = math.sqrt(RIPE_PER_CELL * area / max(ripe, 1))
    factor = round(min(wanted, 2.0 * radius) / grid.cell)
    return max(1, min(factor, max(grid.cols, grid.rows)))


@njit
def _index_row(
    row: Any, factor: Any, cols: Any, inverse: Any, fine_rows: Any, places: Any, least: Any,
    index: Any,
) -> None:  # fmt: skip
    place_x, place_y, amount = places
    starts, store_x, store_y, store_place, ripe = index
    rows = len(fine_rows) - 1
    lo = fine_rows[row * factor]
    hi = fine_rows[min((row + 1) * factor, rows)]
    first = row * (cols + 1)
    for c in range(first, first + cols + 1):
        starts[c] = 0
    # Sifting without a branch: whether a place is ripe cannot be predicted.
    found = lo
    for j in range(lo, hi):
        ripe[found] = j
        found += np.int64(amount[j] >= least)
    for k in range(lo, found):
        c = min(np.int64(place_x[ripe[k]] * inverse), cols - 1)
        starts[first + c] += 1
    # From counts to where each cell ends; the loop below steps back to where it begins.
    end = lo + LANES * row
    for c in range(first, first + cols + 1):
        end += starts[c]
        starts[c] = end
    for k in range(found - 1, lo - 1, -1):
        j = ripe[k]
        c = first + min(np.int64(place_x[j] * inverse), cols - 1)
        at = starts[c] - 1
        starts[c] = at
        store_x[at] = place_x[j]
        store_y[at] = place_y[j]
        store_place[at] = j
    for at in range(end, end + LANES):
        store_x[at] = NOWHERE
        store_y[at] = NOWHERE
        store_place[at] = _INDEX_MASK


@kernel
def index_food(
    parallel: Any, factor: Any, cols: Any, rows: Any, cell: Any, fine_rows: Any, places: Any,
    least: Any, index: Any,
) -> None:  # fmt: skip
    """Sort the ripe places into a grid of `rows` x `cols` cells.

    Args:
        factor: fine cells in a side of a cell, from `coarsen`.
        cell: float32, side of a cell.
        fine_rows: from `row_starts`.
        places: (x, y, amount) of all places.
        least: float32; places with less are not ripe.
        index: an `Index`; written.
    """
    inverse = np.float32(1.0) / cell
    if parallel:
        for task in prange((rows + _ROWS_PER_TASK - 1) // _ROWS_PER_TASK):
            for row in range(task * _ROWS_PER_TASK, min(rows, (task + 1) * _ROWS_PER_TASK)):
                _index_row(row, factor, cols, inverse, fine_rows, places, least, index)
    else:
        for row in range(rows):
            _index_row(row, factor, cols, inverse, fine_rows, places, least, index)


@njit
def _scan(
    first: Any, last: Any, x: Any, y: Any, store_x: Any, store_y: Any, store_place: Any, best: Any
) -> Any:
    """Return the least key of `best` and the places from `first` to `last`.

    Up to LANES places behind `last` are looked at too; they are ripe as well, or NOWHERE.
    """
    at = np.uint64(first)
    end = np.uint64(last)
    while True:
        best = min(best, nearest_key(at, x, y, store_x, store_y, store_place))
        at += np.uint64(LANES)
        if at >= end:
            return best


@njit
def nearest(
    x: Any, y: Any, radius: Any, shape: Any,
    starts: Any, store_x: Any, store_y: Any, store_place: Any,
) -> Any:  # fmt: skip
    """Return (number, squared distance) of the nearest ripe place within `radius`.

    NONE_FOUND if there is none. Of two at the same distance the lower number wins.

    Args:
        x, y: float32, inside the world.
        shape: (cell, slack, cols, rows): side of a cell; how far rounding may put a place
            outside the cell it is counted in.
    """
    cell, slack, cols, rows = shape
    inverse = np.float32(1.0) / cell
    half = np.float32(0.5)
    left = max(min(np.int64(x * inverse + half) - 1, cols - 2), 0)
    low = max(min(np.int64(y * inverse + half) - 1, rows - 2), 0)
    right = left + 2
    high = low + 2
    farthest = np.int64(np.float32(radius * radius).view(np.int32)) << 32 | _INDEX_MASK
    best = farthest
    grow = 1
    while True:
        right = min(right, cols)
        high = min(high, rows)
        for row in range(low, high):
            base = row * (cols + 1)
            best = _scan(
                starts[base + left], starts[base + right], x, y, store_x, store_y, store_place, best
            )
        # What is unread lies beyond a border of the cells just read.
        border = radius
        if left > 0:
            border = min(border, x - np.float32(left) * cell - slack)
        if right < cols:
            border = min(border, np.float32(right) * cell - x - slack)
        if low > 0:
            border = min(border, y - np.float32(low) * cell - slack)
        if high < rows:
            border = min(border, np.float32(high) * cell - y - slack)
        d2 = np.int32(best >> 32).view(np.float32)
        if border >= radius or (border > 0 and d2 < border * border):
            break
        left = max(left - grow, 0)
        low = max(low - grow, 0)
        right += grow
        high += grow
        grow *= 2
    if best == farthest:
        return NONE_FOUND, d2
    return best & _INDEX_MASK, d2
