"""Looking for who and what is near, in the indexes of a tick.

Owns: the bodies of the searches of `neighbours.py`. Does not own: what they mean (there), the
indexes (`zones/world/grid.py`, `crowd.py`).

Both indexes keep what is stored row after row, so that the cells of one row between two columns
are one run. What was found is kept sorted as it is found: few are near as a rule.
"""

from typing import Any, Final

from zones.runtime.numba_setup import njit
from zones.traits.contract import NEARBY_MAX, NEARBY_RADIUS_MAX
from zones.traits.machine import load_f32, load_f64, load_i32, load_i64, store_f64, store_i32
from zones.traits.table import INDEX, NUMBER

RESULT_BYTES: Final = NEARBY_MAX * 12
"""Room that a search is given: what it found as int32, behind that squared distances, float64."""

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


@njit
def _keep(out: Any, count: Any, number: Any, d2: Any, order: Any) -> Any:
    """Sort one more into what was found and return how many there are.

    Args:
        order: address of what decides between equal distances, int64 by number; 0: the number.
    """
    squares = out + _SQUARES
    at = count
    if count == _MOST:
        at -= 1
        farthest = load_f64(squares, at)
        if d2 > farthest:
            return count
        if d2 == farthest and not _before(number, load_i32(out, at), order):
            return count
    while at > 0:
        other = load_f64(squares, at - 1)
        if other < d2 or (other == d2 and _before(load_i32(out, at - 1), number, order)):
            break
        store_f64(squares, at, other)
        store_i32(out, at, load_i32(out, at - 1))
        at -= 1
    store_f64(squares, at, d2)
    store_i32(out, at, number)
    return min(count + 1, _MOST)


@njit
def _before(number: Any, other: Any, order: Any) -> Any:
    if order == 0:
        return number < other
    return load_i64(order, number) < load_i64(order, other)


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
    count = 0
    within = 0
    for row in range(low, high + 1):
        first = load_i32(starts, row * cols + left)
        for k in range(first, load_i32(starts, row * cols + right + 1)):
            dx = load_f32(store_x, k) - x
            dy = load_f32(store_y, k) - y
            d2 = dx * dx + dy * dy
            if d2 <= reach2:
                other = load_i32(slots, k)
                if other != slot:
                    within += 1
                    count = _keep(out, count, other, d2, order)
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
    count = 0
    within = 0
    for row in range(low, high + 1):
        first = load_i32(starts, row * wide + left)
        for k in range(first, load_i32(starts, row * wide + right + 1)):
            dx = load_f32(store_x, k) - x
            dy = load_f32(store_y, k) - y
            d2 = dx * dx + dy * dy
            if d2 <= reach2:
                within += 1
                count = _keep(out, count, load_i32(places, k), d2, 0)
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


BODIES: Final = {
    "nearby_entities": _nearby_entities,
    "nearby_resources": _nearby_resources,
    "nearest_food": _nearest_food,
}
