"""Who and what is near: in the order of the contract, for machine code and for Python."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zones.traits.scenes import RIPE, Stage, make_scene
from zones.runtime.numba_setup import serial_kernel
from zones.traits import linked, neighbours
from zones.traits.contract import NEARBY_MAX, NEARBY_RADIUS_MAX

ROOM = neighbours.RESULT_BYTES // 4


@serial_kernel
def search_entities(table: Any, out: Any, slot: Any, x: Any, y: Any, radius: Any) -> Any:
    """Search as a native trait does."""
    return neighbours.nearby_entities(table, out, slot, x, y, radius)


@serial_kernel
def search_resources(table: Any, out: Any, x: Any, y: Any, radius: Any) -> Any:
    """Search as a native trait does."""
    return neighbours.nearby_resources(table, out, x, y, radius)


@serial_kernel
def search_food(table: Any, x: Any, y: Any, reach: Any) -> Any:
    """Search as a native trait does."""
    return neighbours.nearest_food(table, x, y, reach)


def order_by_distance(
    x: np.ndarray, y: np.ndarray, numbers: np.ndarray, ties: np.ndarray, here: tuple[float, float],
    radius: float,
) -> tuple[list[int], int]:  # fmt: skip
    """Return (the nearest, how many are within) by looking at all."""
    if not radius >= 0:
        return [], 0
    radius = min(radius, NEARBY_RADIUS_MAX)
    d2 = (x.astype(float) - here[0]) ** 2 + (y.astype(float) - here[1]) ** 2
    near = d2 <= radius * radius
    order = np.lexsort((ties[near], d2[near]))
    return numbers[near][order][:NEARBY_MAX].tolist(), int(near.sum())


def check(stage: Stage, slot: int, here: tuple[float, float], radius: float) -> None:
    """Compare all searches from one place with looking at all, in both forms."""
    linked.link()
    calls, table = linked.calls(), stage.table.ctypes.data
    out = np.zeros(ROOM, np.int32)
    address = out.ctypes.data
    arrays = stage.arrays

    others = stage.living[stage.living != slot]
    x, y = arrays["x"][others], arrays["y"][others]
    wanted = order_by_distance(x, y, others, arrays["id"][others], here, radius)
    assert calls["nearby_entities"](table, slot, *here, radius) == wanted
    count, within = search_entities(table, address, slot, *here, radius)
    assert (out[:count].tolist(), within) == wanted

    ripe = np.array(stage.ripe, np.int64)
    x, y = arrays["place_x"][ripe], arrays["place_y"][ripe]
    wanted = order_by_distance(x, y, ripe, ripe, here, radius)
    assert calls["nearby_resources"](table, *here, radius) == wanted
    count, within = search_resources(table, address, *here, radius)
    assert (out[:count].tolist(), within) == wanted
    if not radius > NEARBY_RADIUS_MAX:
        nearest = wanted[0][0] if wanted[0] else -1
        assert calls["nearest_food"](table, *here, radius) == nearest
        assert search_food(table, *here, radius) == nearest


def check_all(stage: Stage, radii: tuple[float, ...], most: int = 20) -> None:
    """Check searches from where entities are now."""
    x, y = stage.arrays["new_x"], stage.arrays["new_y"]
    for slot in stage.living[:most].tolist():
        for radius in radii:
            check(stage, slot, (float(x[slot]), float(y[slot])), radius)


@pytest.mark.parametrize("seed", range(4))
def test_nearest_come_first(seed: int) -> None:
    """What is found is what looking at all finds, in its order."""
    stage = make_scene(seed=seed, entities=200, places=300)
    check_all(stage, (0.0, 3.0, 10.0, 33.3, 90.0))


@pytest.mark.parametrize(
    "radius", [math.nan, math.inf, -math.inf, -1.0, -0.0, 5e-324, 499.9, 500.0, 501.0, 1e200]
)
def test_any_radius(radius: float) -> None:
    """No radius finds the wrong ones: it may be no number, negative or larger than the world."""
    stage = make_scene(entities=60, places=60, width=900.0, height=100.0)
    check_all(stage, (radius,), most=5)


@pytest.mark.parametrize(("entities", "places"), [(0, 0), (1, 0), (2, 1)])
def test_empty_worlds(entities: int, places: int) -> None:
    """Where nobody is nobody is found; never the own one."""
    stage = make_scene(entities=entities, places=places)
    check(stage, 0, (10.0, 10.0), 500.0)
    check_all(stage, (500.0,))


def test_more_than_fit() -> None:
    """Of many the nearest are given, and all are counted."""
    stage = make_scene(entities=700, places=900, width=100.0, height=100.0)
    check_all(stage, (15.0, 25.0, 40.0, 200.0), most=6)


def test_exactly_as_many_as_fit() -> None:
    """At the limit of what is given, one more or one less makes no difference."""
    for others in (NEARBY_MAX - 1, NEARBY_MAX, NEARBY_MAX + 1):
        stage = make_scene(entities=others + 1, places=others + 1, width=30.0, height=30.0)
        check_all(stage, (500.0,), most=3)


@pytest.mark.parametrize("count", [3, 9, 60, 300])
def test_equal_distances_are_ordered_by_id_and_number(count: int) -> None:
    """On a lattice, and all at one point, ids and numbers of places decide."""
    rng = np.random.default_rng(count)
    points = rng.integers(0, 6, (2, count)) * 4.0
    food = (*(rng.integers(0, 6, (2, count)) * 4.0), np.full(count, 9.0))
    check_all(make_scene(entities=count, positions=points, food=food), (4.0, 9.0, 40.0), most=8)
    same = np.full((2, count), 200.0)
    stage = make_scene(entities=count, positions=same, food=(*same, np.full(count, 9.0)))
    check(stage, int(stage.living[0]), (200.0, 200.0), 0.0)
    check(stage, int(stage.living[0]), (190.0, 200.0), 10.0)


def test_borders_of_cells_hide_nobody() -> None:
    """Who is put into the next cell by rounding is found by a search that just reaches it."""
    for size in (60.0, 1e4, 3e6):
        side = np.float32(size)
        rng = np.random.default_rng(1)
        x = rng.integers(0, 41, 400).astype(np.float32) * (side / np.float32(40))
        beside = np.nextafter(x, rng.choice([-1e30, 1e30], 400).astype(np.float32))
        x = np.clip(beside, np.float32(0), side)
        for line in (x, np.zeros_like(x)), (np.zeros_like(x), x):
            food = (*line, np.full(400, RIPE))
            stage = make_scene(
                entities=400, width=size, height=size, positions=line, food=food, bodies=size / 80
            )
            for k in rng.integers(0, 400, 20):
                here = float(line[0][k]), float(line[1][k])
                for other in rng.integers(0, 400, 8):
                    check(stage, -1, here, abs(float(x[other]) - float(x[k])))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    entities=st.integers(0, 40),
    places=st.integers(0, 40),
    size=st.tuples(st.floats(1, 900), st.floats(1, 900)),
    radius=st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 600),
    step=st.sampled_from([0.0, 0.5, 8.0]),
)
def test_any_world(seed, entities, places, size, radius, step) -> None:  # type: ignore[no-untyped-def]
    """No world, place and radius make a difference between searching and looking at all."""
    rng = np.random.default_rng(seed)
    sides = np.array(size)[:, None]

    def points(count: int) -> np.ndarray:
        somewhere = rng.uniform(0, sides, (2, count))
        if step:
            somewhere = np.minimum(np.round(somewhere / step) * step, sides)
        return np.minimum(somewhere.astype(np.float32), sides.astype(np.float32))

    food = (*points(places), rng.choice([0.0, 4.0, 5.0, 20.0], places))
    stage = make_scene(
        seed, entities, places, *size, positions=points(entities), food=food, bodies=2.0
    )
    x, y = points(1)[:, 0].tolist()
    check(stage, int(stage.living[0]) if entities else 0, (x, y), radius)
