"""The search for food: exact, whatever the grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.errors import ArenaError
from zones.runtime.numba_setup import serial_kernel
from zones.world.grid import (
    FineGrid,
    cells_of,
    coarsen,
    index_food,
    nearest,
    new_index,
    plan_grid,
    row_starts,
)

LEAST = np.float32(5.0)


@serial_kernel
def search_all(x, y, radius, shape, index, found):  # type: ignore[no-untyped-def]
    """Search from every point; `found` is written."""
    starts, store_x, store_y, store_place, _ = index
    for i in range(len(x)):
        found[i], _ = nearest(x[i], y[i], radius, shape, starts, store_x, store_y, store_place)


def brute_force(x, y, places, radius):  # type: ignore[no-untyped-def]
    """Return the nearest ripe place of one point by looking at all, -1 if none is near enough."""
    place_x, place_y, amount = places
    d2 = (place_x - x) ** 2 + (place_y - y) ** 2
    d2[amount < LEAST] = np.inf
    if not len(d2) or d2.min() > np.float32(radius) * np.float32(radius):
        return -1
    return int(np.argmin(d2))


def search(width, height, places, points, radius, factor, parallel=False):  # type: ignore[no-untyped-def]
    """Store, index and search; return what was found and the places as stored."""
    grid = plan_grid(width, height, len(places[0]))
    order = np.argsort(cells_of(places[0], places[1], grid), kind="stable")
    stored = tuple(values[order] for values in places)
    index = new_index(grid, len(order))
    index.x[:] = np.nan  # what an earlier tick left behind must not be read
    ripe = int(np.count_nonzero(stored[2] >= LEAST))
    if factor is None:
        factor = coarsen(grid, ripe, width * height, radius)
    cols, rows = -(-grid.cols // factor), -(-grid.rows // factor)
    cell = np.float32(grid.cell * factor)
    fine = row_starts(stored[0], stored[1], grid)
    index_food(parallel, factor, cols, rows, cell, fine, stored, LEAST, index)
    slack = np.float32(1e-3 * cell + 1e-6 * max(width, height))
    found = np.zeros(len(points[0]), np.int64)
    search_all(*points, np.float32(radius), (cell, slack, cols, rows), index, found)
    return found, stored


def draw_places(generator, count, width, height, share):  # type: ignore[no-untyped-def]
    """Return places, some of them at one point or on a wall, and `share` of them ripe."""
    x = (generator.random(count) * width).astype(np.float32)
    y = (generator.random(count) * height).astype(np.float32)
    x[: count // 8] = x[0]
    y[: count // 8] = y[0]
    x[count // 8 : count // 6] = np.float32(width)
    amount = np.where(generator.random(count) < share, LEAST, 0).astype(np.float32)
    return x, y, amount


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 300),
    width=st.sampled_from([10.0, 63.5, 1000.0]),
    height=st.sampled_from([10.0, 400.0]),
    radius=st.sampled_from([0.0, 0.5, 7.0, 50.0, 500.0]),
    share=st.sampled_from([0.0, 0.03, 0.5, 1.0]),
    factor=st.sampled_from([None, None, 1, 2, 5]),
)
def test_nearest_is_brute_force(seed, count, width, height, radius, share, factor) -> None:  # type: ignore[no-untyped-def]
    """The search finds what looking at every place finds, for any grid; ties: the lower number."""
    generator = np.random.default_rng(seed)
    places = draw_places(generator, count, width, height, share)
    points = (
        (generator.random(20) * width).astype(np.float32),
        (generator.random(20) * height).astype(np.float32),
    )
    near = min(3, count)
    points[0][:near] = places[0][:near]
    points[1][:near] = places[1][:near]
    found, stored = search(width, height, places, points, radius, factor)
    expected = [brute_force(x, y, stored, radius) for x, y in zip(*points, strict=True)]
    assert list(found) == expected


def test_threads_index_the_same() -> None:
    """Rows indexed side by side give the answers of rows indexed one after another."""
    generator = np.random.default_rng(5)
    places = draw_places(generator, 5000, 900.0, 700.0, 0.4)
    points = ((generator.random(500) * 900).astype(np.float32),) * 2
    points[1][:] = np.minimum(points[1], 700)
    alone, _ = search(900.0, 700.0, places, points, 50.0, None, parallel=False)
    beside, _ = search(900.0, 700.0, places, points, 50.0, None, parallel=True)
    assert np.array_equal(alone, beside)
    assert np.count_nonzero(alone >= 0) > 400


def test_far_places_in_a_large_world() -> None:
    """Rounding of large coordinates does not hide a nearer place."""
    generator = np.random.default_rng(8)
    side = 180_000.0
    x = (side - generator.random(4000) * 300).astype(np.float32)
    y = (side - generator.random(4000) * 300).astype(np.float32)
    places = (x, y, np.full(4000, LEAST))
    points = (x[:200] - np.float32(1.5), y[:200] - np.float32(2.5))
    found, stored = search(side, side, places, points, 50.0, None)
    assert list(found) == [
        brute_force(px, py, stored, 50.0) for px, py in zip(*points, strict=True)
    ]


def test_unsorted_places_are_refused() -> None:
    """Places that are not stored by cell are a damaged arena."""
    grid = FineGrid(1.0, 10, 10)
    x = np.array([1.0, 1.0], np.float32)
    y = np.array([5.0, 2.0], np.float32)
    with pytest.raises(ArenaError, match="cannot use the arena"):
        row_starts(x, y, grid)


@given(
    ripe=st.integers(0, 10**6),
    radius=st.floats(0, 500),
    places=st.integers(1, 10**6),
    side=st.floats(10, 1e5),
)
def test_coarse_cells_are_bounded(ripe, radius, places, side) -> None:  # type: ignore[no-untyped-def]
    """A coarse cell is between one fine cell and the whole world."""
    grid = plan_grid(side, side, places)
    factor = coarsen(grid, min(ripe, places), side * side, radius)
    assert 1 <= factor <= max(grid.cols, grid.rows)
