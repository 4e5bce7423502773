"""Looking for who and what is near, in the indexes of a tick.

Owns: the bodies of the searches of `neighbours.py`. Does not own: what they mean (there), the
indexes (`zones/world/grid.py`, `crowd.py`).

Both indexes keep what is stored row after row, so that the cells of one row between two columns
are one run. What is near is gathered without a branch (whether one is near cannot be predicted),
then sorted by counting how many are nearer than each, eight at a time. Where more than NEARBY_MAX
are near, a heap keeps the nearest. (Sorting by insertion as they are found took twice as long
from 15 on.)
"""

from typing import Any, Final

import numpy as np
from llvmlite import ir

from zones.runtime.numba_setup import njit
from zones.traits.contract import NEARBY_MAX, NEARBY_RADIUS_MAX
from zones.traits.machine import (
    REAL,
    WORD,
    Operation,
    load_f32,
    load_f64,
    load_i32,
    load_i64,
    store_f64,
    store_i32,
)
from zones.traits.signatures import Signature
from zones.traits.table import INDEX, NUMBER

RESULT_BYTES: Final = NEARBY_MAX * 16
"""Room that a search is given. At its begin what it found, int32, in order; behind that, as they
were gathered, squared distances, float64, and numbers, int32."""
LANES: Final = 8
"""Squared distances compared at once."""

_ID: Final = INDEX["id"]
_NUMBERS: Final = INDEX["numbers"]
_CROWD_STARTS: Final = INDEX["crowd_starts"]
_CROWD_X: Final = INDEX["crowd_x"]
_CROWD_Y: Final = INDEX["crowd_y"]
_CROWD_SLOT: Final = INDEX["crowd_slot"]
_CROWD_COLS: Final = INDEX["crowd_cols"]
_CROWD_ROWS: Final = INDEX["crowd_rows"]
_FOOD_STARTS: Final = INDEX["food_starts"]
_FOOD_X: Final = INDEX["food_x"]
_FOOD_Y: Final = INDEX["food_y"]
_FOOD_PLACE: Final = INDEX["food_place"]
_FOOD_COLS: Final = INDEX["food_cols"]
_FOOD_ROWS: Final = INDEX["food_rows"]
_WIDTH: Final = NUMBER["width"]
_HEIGHT: Final = NUMBER["height"]
_CROWD_CELL: Final = NUMBER["crowd_cell"]
_FOOD_CELL: Final = NUMBER["food_cell"]
_FOOD_SLACK: Final = NUMBER["food_slack"]
_SQUARES: Final = 4 * NEARBY_MAX
_GATHERED: Final = 12 * NEARBY_MAX
_MOST: Final = NEARBY_MAX
_FARTHEST: Final = NEARBY_RADIUS_MAX
_CELL_SLACK: Final = 1e-3
_SIZE_SLACK: Final = 1e-6
"""Of a cell and of the world: how far float32 may put someone outside the cell it is counted in."""


@njit
def _column(place: Any, cell: Any, last: Any) -> Any:
    """Return the column, from 0 to `last`, that a place is in or nearest to."""
    if not place > 0.0:
        return 0
    column = place / cell
    return last if column >= last else int(column)


def _count_lanes(_context: Any, builder: Any, values: Any) -> Any:
    """Return how many of the LANES squared distances at an address are below a value."""
    kind = ir.VectorType(REAL, LANES)
    place = builder.inttoptr(values[0], kind.as_pointer())
    loaded = builder.load(place, align=8)
    empty = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(empty, values[1], ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    below = builder.fcmp_ordered("<", loaded, builder.shuffle_vector(first, empty, zeros))
    return builder.zext(builder.ctpop(builder.bitcast(below, ir.IntType(LANES))), WORD)


_count_below = Operation("count_below", Signature("if", "i"), _count_lanes, pure=False)


@njit
def _before(number: Any, other: Any, order: Any) -> Any:
    """Tell which of two at the same distance comes first.

    Args:
        order: address of what decides, int64 by number; 0: the numbers themselves.
    """
    if order == 0:
        return number < other
    return load_i64(order, number) < load_i64(order, other)


@njit
def _is_farther(out: Any, one: Any, two: Any, order: Any) -> Any:
    """Tell whether what is gathered at place `one` comes after that at `two`."""
    d2, other = load_f64(out + _SQUARES, one), load_f64(out + _SQUARES, two)
    if d2 != other:
        return d2 > other
    numbers = out + _GATHERED
    return _before(load_i32(numbers, two), load_i32(numbers, one), order)


@njit
def _swap(out: Any, one: Any, two: Any) -> None:
    squares, numbers = out + _SQUARES, out + _GATHERED
    d2, number = load_f64(squares, one), load_i32(numbers, one)
    store_f64(squares, one, load_f64(squares, two))
    store_i32(numbers, one, load_i32(numbers, two))
    store_f64(squares, two, d2)
    store_i32(numbers, two, number)


@njit
def _sink(out: Any, place: Any, order: Any) -> None:
    """Let what is gathered at a place of the full heap, the farthest first, sink to its own."""
    while True:
        child = 2 * place + 1
        if child >= _MOST:
            return
        if child + 1 < _MOST and _is_farther(out, child + 1, child, order):
            child += 1
        if not _is_farther(out, child, place, order):
            return
        _swap(out, child, place)
        place = child


@njit
def _replace(out: Any, number: Any, d2: Any, order: Any) -> None:
    """Put one more into the full heap, and the farthest out of it, or leave it."""
    farthest = load_f64(out + _SQUARES, 0)
    if d2 > farthest:
        return
    if d2 == farthest and not _before(number, load_i32(out + _GATHERED, 0), order):
        return
    store_f64(out + _SQUARES, 0, d2)
    store_i32(out + _GATHERED, 0, number)
    _sink(out, 0, order)


@njit
def _gather(
    first: Any, last: Any, x: Any, y: Any, reach2: Any, store_x: Any, store_y: Any, numbers: Any,
    own: Any, order: Any, out: Any, within: Any,
) -> Any:  # fmt: skip
    """Gather who is near of one run of the index, and return how many were near so far."""
    squares, gathered = out + _SQUARES, out + _GATHERED
    k = first
    while k < last and within < _MOST:
        stop = min(last, k + (_MOST - within))
        for each in range(k, stop):
            dx = load_f32(store_x, each) - x
            dy = load_f32(store_y, each) - y
            d2 = dx * dx + dy * dy
            number = load_i32(numbers, each)
            store_f64(squares, within, d2)
            store_i32(gathered, within, number)
            within += np.int64(d2 <= reach2) & np.int64(number != own)
        k = stop
        if within == _MOST:
            for place in range(_MOST // 2 - 1, -1, -1):
                _sink(out, place, order)
    for each in range(k, last):
        dx = load_f32(store_x, each) - x
        dy = load_f32(store_y, each) - y
        d2 = dx * dx + dy * dy
        if d2 <= reach2:
            number = load_i32(numbers, each)
            if number != own:
                within += 1
                _replace(out, number, d2, order)
    return within


@njit
def _sort(out: Any, count: Any, order: Any) -> None:
    """Write the numbers of what was gathered to `out`, the nearest first."""
    squares, gathered = out + _SQUARES, out + _GATHERED
    padded = (count + LANES - 1) & -LANES
    for place in range(count, padded):
        store_f64(squares, place, np.inf)
    ranks = 0
    for place in range(count):
        d2 = load_f64(squares, place)
        rank = 0
        for lane in range(0, padded, LANES):
            rank += _count_below(squares + 8 * lane, d2)
        ranks += rank
        store_i32(out, rank, load_i32(gathered, place))
    if 2 * ranks == count * (count - 1):
        return
    # Some are at the same distance: two had the same rank.
    for last in range(1, count):
        place = last
        while place > 0 and _is_farther(out, place - 1, place, order):
            _swap(out, place - 1, place)
            place -= 1
    for place in range(count):
        store_i32(out, place, load_i32(gathered, place))


@njit
def _nearby_entities(table: Any, out: Any, slot: Any, x: Any, y: Any, radius: Any) -> Any:
    if not radius >= 0.0:
        return 0, 0
    radius = min(radius, _FARTHEST)
    reach2 = radius * radius
    numbers = load_i64(table, _NUMBERS)
    cell = load_f64(numbers, _CROWD_CELL)
    side = max(load_f64(numbers, _WIDTH), load_f64(numbers, _HEIGHT))
    far = radius + (_CELL_SLACK * cell + _SIZE_SLACK * side)
    cols, rows = load_i64(table, _CROWD_COLS), load_i64(table, _CROWD_ROWS)
    left, right = _column(x - far, cell, cols - 1), _column(x + far, cell, cols - 1)
    low, high = _column(y - far, cell, rows - 1), _column(y + far, cell, rows - 1)
    starts, order = load_i64(table, _CROWD_STARTS), load_i64(table, _ID)
    store_x, store_y = load_i64(table, _CROWD_X), load_i64(table, _CROWD_Y)
    slots = load_i64(table, _CROWD_SLOT)
    within = 0
    for row in range(low, high + 1):
        first = load_i32(starts, row * cols + left)
        last = load_i32(starts, row * cols + right + 1)
        within = _gather(
            first, last, x, y, reach2, store_x, store_y, slots, slot, order, out, within
        )
    count = min(within, _MOST)
    _sort(out, count, order)
    return count, within


@njit
def _food_cells(table: Any, x: Any, y: Any, radius: Any) -> Any:
    """Return (left, right, low, high): the cells that hold all ripe places within a radius."""
    numbers = load_i64(table, _NUMBERS)
    cell = load_f64(numbers, _FOOD_CELL)
    far = radius + load_f64(numbers, _FOOD_SLACK)
    last_col, last_row = load_i64(table, _FOOD_COLS) - 1, load_i64(table, _FOOD_ROWS) - 1
    return (
        _column(x - far, cell, last_col),
        _column(x + far, cell, last_col),
        _column(y - far, cell, last_row),
        _column(y + far, cell, last_row),
    )


@njit
def _nearby_resources(table: Any, out: Any, x: Any, y: Any, radius: Any) -> Any:
    if not radius >= 0.0:
        return 0, 0
    radius = min(radius, _FARTHEST)
    reach2 = radius * radius
    left, right, low, high = _food_cells(table, x, y, radius)
    starts, wide = load_i64(table, _FOOD_STARTS), load_i64(table, _FOOD_COLS) + 1
    store_x, store_y = load_i64(table, _FOOD_X), load_i64(table, _FOOD_Y)
    places = load_i64(table, _FOOD_PLACE)
    within = 0
    for row in range(low, high + 1):
        first = load_i32(starts, row * wide + left)
        last = load_i32(starts, row * wide + right + 1)
        within = _gather(first, last, x, y, reach2, store_x, store_y, places, -1, 0, out, within)
    count = min(within, _MOST)
    _sort(out, count, 0)
    return count, within


@njit
def _nearest_food(table: Any, x: Any, y: Any, reach: Any) -> Any:
    if not reach >= 0.0:
        return -1
    best2 = reach * reach
    best = -1
    left, right, low, high = _food_cells(table, x, y, reach)
    starts, wide = load_i64(table, _FOOD_STARTS), load_i64(table, _FOOD_COLS) + 1
    store_x, store_y = load_i64(table, _FOOD_X), load_i64(table, _FOOD_Y)
    places = load_i64(table, _FOOD_PLACE)
    for row in range(low, high + 1):
        first = load_i32(starts, row * wide + left)
        for k in range(first, load_i32(starts, row * wide + right + 1)):
            dx = load_f32(store_x, k) - x
            dy = load_f32(store_y, k) - y
            d2 = dx * dx + dy * dy
            if d2 <= best2:
                place = load_i32(places, k)
                if d2 < best2 or best < 0 or place < best:
                    best2 = d2
                    best = place
    return best


LISTS: Final = ("nearby_entities", "nearby_resources")
"""Python is given what these found as a list, not their count, and passes no `out`."""

BODIES: Final = {
    "nearby_entities": _nearby_entities,
    "nearby_resources": _nearby_resources,
    "nearest_food": _nearest_food,
}
