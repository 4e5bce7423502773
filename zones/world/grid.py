"""The uniform grid over food places, and the exact search for the nearest one.

Owns: cell size, the order places are stored in, the ring search. Does not own: which place is
worth going to (the caller passes amounts and the least amount).

Places are stored sorted by cell, row after row, so the cells c-1, c, c+1 of one row are one run of
places. The search reads three such runs, then rings of cells around them, and stops as soon as
nothing unread can be nearer. Cell starts are derived from the places, never stored.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from Kernel.contract.errors import ArenaError
from zones.world.columns import F32, I32
from zones.world.numba_setup import njit

PLACES_PER_CELL: Final = 2.0
CELL_MIN: Final = 1.0
CELL_MAX: Final = 50.0
CELLS_MAX: Final = 1 << 22


class Grid(NamedTuple):
    """Cells of `cell` length; column c and row r hold places with floor(x / cell) == c."""

    cell: float
    cols: int
    rows: int


def plan_grid(width: float, height: float, places: int) -> Grid:
    """Return a grid with about PLACES_PER_CELL places in a cell, within the limits above."""
    area = width * height
    cell = math.sqrt(area * PLACES_PER_CELL / places)
    cell = max(min(cell, CELL_MAX), CELL_MIN, math.sqrt(area / CELLS_MAX))
    cell = float(np.float32(cell))
    return Grid(cell, int(width / cell) + 1, int(height / cell) + 1)


def cells_of(x: F32, y: F32, grid: Grid) -> I32:
    """Return the cell number of each point, by the same arithmetic as the compiled search."""
    inverse = np.float32(1.0) / np.float32(grid.cell)
    col = np.minimum((x * inverse).astype(np.int64), grid.cols - 1)
    row = np.minimum((y * inverse).astype(np.int64), grid.rows - 1)
    return (row * grid.cols + col).astype(np.int32)


def cell_starts(x: F32, y: F32, grid: Grid) -> I32:
    """Return shape (cells + 1,): places of cell c are starts[c] to starts[c + 1].

    Raises:
        ArenaError: the places are not sorted by cell.
    """
    cells = cells_of(x, y, grid)
    if np.any(np.diff(cells) < 0) or (len(cells) and cells[0] < 0):
        raise ArenaError("cannot use the arena: its food places are not sorted by cell")
    counts = np.bincount(cells, minlength=grid.cols * grid.rows)
    starts = np.zeros(grid.cols * grid.rows + 1, np.int32)
    np.cumsum(counts, out=starts[1:])
    return starts


@njit
def scan_run(
    first: Any, last: Any, x: Any, y: Any, places: Any, ripe: Any, best: Any, best_d2: Any
) -> Any:
    """Return (index, squared distance) of the nearest ripe place among a run and the best so far.

    Of two at the same distance the lower index wins, so the order of reading decides nothing.
    """
    place_x, place_y, amount = places
    for j in range(first, last):
        if amount[j] >= ripe:
            dx = place_x[j] - x
            dy = place_y[j] - y
            d2 = dx * dx + dy * dy
            if d2 < best_d2 or (d2 == best_d2 and j < best):
                best = j
                best_d2 = d2
    return best, best_d2


@njit
def nearest(x: Any, y: Any, radius: Any, places: Any, ripe: Any, starts: Any, shape: Any) -> Any:
    """Return (index, squared distance) of the nearest ripe place within `radius`, or (-1, _).

    Args:
        x, y: float32, inside the world.
        places: (x, y, amount) of all places, sorted by cell.
        ripe: a place with less than this is passed over.
        shape: (cell, cols, rows) of the grid.
    """
    cell, cols, rows = shape
    inverse = np.float32(1.0) / cell
    col = min(np.int64(x * inverse), cols - 1)
    row = min(np.int64(y * inverse), rows - 1)
    none = len(places[0])
    best = none
    best_d2 = radius * radius
    # Rounding may put a place one step of float32 outside the cell it is counted in.
    slack = np.float32(1e-3) * cell
    ring = 1
    while True:
        left, right = max(col - ring, 0), min(col + ring, cols - 1)
        low, high = max(row - ring, 0), min(row + ring, rows - 1)
        for r in range(low, high + 1):
            base = r * cols
            if ring == 1 or r == row - ring or r == row + ring:
                best, best_d2 = scan_run(
                    starts[base + left], starts[base + right + 1],
                    x, y, places, ripe, best, best_d2,
                )  # fmt: skip
                continue
            if col - ring >= 0:
                best, best_d2 = scan_run(
                    starts[base + left], starts[base + left + 1],
                    x, y, places, ripe, best, best_d2,
                )  # fmt: skip
            if col + ring < cols:
                best, best_d2 = scan_run(
                    starts[base + right], starts[base + right + 1],
                    x, y, places, ripe, best, best_d2,
                )  # fmt: skip
        # Everything unread lies beyond a border of the square just completed.
        border = radius
        if col - ring > 0:
            border = min(border, x - np.float32(col - ring) * cell - slack)
        if col + ring < cols - 1:
            border = min(border, np.float32(col + ring + 1) * cell - x - slack)
        if row - ring > 0:
            border = min(border, y - np.float32(row - ring) * cell - slack)
        if row + ring < rows - 1:
            border = min(border, np.float32(row + ring + 1) * cell - y - slack)
        if border >= radius or (border > 0 and best_d2 < border * border):
            break
        ring += 1
    return (best if best < none else -1), best_d2
