"""Neighbours are found exactly: the index of the living, who touches whom, what is steered for.

References look at every pair. They stand for what the world does, not for how: most are compared
with whole ticks of an engine, so that indices may change and answers may not.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zones.world.stage import now, put, stage
from tests.zones.world.worlds import make_engine
from zones.world.columns import ALIVE, FREE
from zones.world.crowd import index_crowd, new_crowd, plan_crowd

SIDES = st.sampled_from([(10.0, 10.0), (63.5, 400.0), (1000.0, 10.0), (3000.0, 2500.0)])
SEEDS = st.integers(0, 2**32 - 1)


def scatter(generator: np.random.Generator, count: int, size: tuple[float, float]) -> np.ndarray:
    """Return points (2, count): some at one place, on walls and in corners, some just off them."""
    points = generator.random((2, count)) * np.array(size)[:, None]
    points = points.astype(np.float32)
    for axis, side in enumerate(size):
        kind = generator.integers(0, 8, count)
        points[axis][kind == 0] = 0.0
        points[axis][kind == 1] = side
        points[axis][kind == 2] = np.nextafter(np.float32(side), np.float32(0))
        points[axis][kind == 3] = points[axis][0]
    return points


@pytest.mark.slow
@given(
    seed=SEEDS, slots=st.integers(1, 300), size=SIDES, parts=st.sampled_from([1, 2, 3]),
    share=st.sampled_from([0.0, 0.1, 0.7, 1.0]), reach=st.sampled_from([0.0, 4.0, 60.0, 300.0]),
)  # fmt: skip
def test_each_living_one_is_in_its_cell(
    seed: int, slots: int, size: tuple[float, float], parts: int, share: float, reach: float
) -> None:
    """The index holds each living one exactly once, in the cell it stands in, by rising slots."""
    generator = np.random.default_rng(seed)
    x, y = scatter(generator, slots, size)
    state = np.where(generator.random(slots) < share, ALIVE, FREE).astype(np.uint8)
    alive = np.flatnonzero(state == ALIVE)
    crowd = new_crowd(slots, parts)
    shape = plan_crowd(*size, len(alive), reach, crowd.counts.shape[1])
    assert shape.cell >= 2 * reach
    for left_over in crowd:
        left_over[:] = -77  # what an earlier tick left behind must not be read
    index_crowd(parts, x, y, state, shape, crowd)
    starts = crowd.starts[: shape.cols * shape.rows + 1]
    assert starts[0] == 0 and starts[-1] == len(alive) and np.all(np.diff(starts) >= 0)
    stored = crowd.slot[: len(alive)]
    assert np.array_equal(np.sort(stored), alive)
    assert np.array_equal(crowd.x[: len(alive)], x[stored])
    assert np.array_equal(crowd.y[: len(alive)], y[stored])
    inverse = np.float32(1.0) / shape.cell
    col = np.minimum((x[stored] * inverse).astype(int), shape.cols - 1)
    row = np.minimum((y[stored] * inverse).astype(int), shape.rows - 1)
    cell = np.searchsorted(starts, np.arange(len(alive)), "right") - 1
    assert np.array_equal(cell, row * shape.cols + col)
    within = np.diff(cell) == 0
    assert np.all(np.diff(stored)[within] > 0)


BUMPING = {
    "friction": 1.0, "collision_push": 0.25, "collision_bounce": 0.5, "collision_damage": 0.75,
    "max_energy": 10_000.0, "founder_energy": 10_000.0,
}  # fmt: skip


def touched_by_all(buffer: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (change of vx, of vy, damage) of everyone by looking at every pair, in float64."""
    x, y = buffer.x.astype(np.float64), buffer.y.astype(np.float64)
    vx, vy = buffer.vx.astype(np.float64), buffer.vy.astype(np.float64)
    radius = buffer.radius.astype(np.float64)
    dx, dy = x[:, None] - x[None, :], y[:, None] - y[None, :]
    apart = np.hypot(dx, dy)
    both = radius[:, None] + radius[None, :]
    meets = (apart < both) & ~np.eye(len(x), dtype=bool)
    sign = np.sign(np.arange(len(x))[None, :] - np.arange(len(x))[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        nx = np.where(apart > 0, dx / apart, sign)
        ny = np.where(apart > 0, dy / apart, 0.0)
        share = radius[None, :] ** 2 / (radius[None, :] ** 2 + radius[:, None] ** 2)
    closing = np.maximum((vx[None, :] - vx[:, None]) * nx + (vy[None, :] - vy[:, None]) * ny, 0.0)
    push = np.where(meets, share * (0.25 * (both - apart) + 1.5 * closing), 0.0)
    hurt = np.where(meets, 0.75 * share * closing**2, 0.0)
    return (push * nx).sum(axis=1), (push * ny).sum(axis=1), hurt.sum(axis=1)


@pytest.mark.slow
@settings(max_examples=60)
@given(
    seed=SEEDS, count=st.integers(1, 120), size=SIDES, parallel=st.booleans(),
    largest=st.sampled_from([0.5, 4.0, 50.0]),
)  # fmt: skip
def test_touching_is_every_pair(
    seed: int, count: int, size: tuple[float, float], parallel: bool, largest: float
) -> None:
    """In one tick each gets the pushes and the damage of all whose bodies overlap its own."""
    generator = np.random.default_rng(seed)
    # gene_effect 0: the largest that is born has body_radius; these are up to that.
    words = stage(count, **BUMPING, body_radius=largest, world_width=size[0], world_height=size[1])
    x, y = scatter(generator, count, size)
    radius = (largest * generator.uniform(0.1, 1.0, count)).astype(np.float32)
    put(words, x=x, y=y, radius=radius, energy=10_000.0)
    put(words, vx=generator.normal(0, 0.3, count), vy=generator.normal(0, 0.3, count))
    old = now(words)
    gain_x, gain_y, hurt = touched_by_all(old)
    engine = make_engine(words, threads=2)
    engine.use_parallel(parallel)
    engine.tick()
    new = now(words)
    most = 1e-4 * (1.0 + np.abs(gain_x) + np.abs(gain_y) + 0.1 * count * largest)
    for before, gain, after, place, side in (
        (old.vx, gain_x, new.vx, old.x, size[0]), (old.vy, gain_y, new.vy, old.y, size[1]),
    ):  # fmt: skip
        speed = np.clip(before + gain, -100.0, 100.0)
        stays = (place + speed > 1e-2) & (place + speed < side - 1e-2)
        assert np.all(np.abs(after - speed)[stays] < most[stays])
        # Beyond a wall the speed turns round.
        beyond = (place + speed < -1e-2) | (place + speed > side + 1e-2)
        assert np.all(np.abs(after + speed)[beyond] < most[beyond])
    paid = 10_000.0 - new.energy.astype(np.float64)
    assert np.all(np.abs(paid - hurt) < 2e-3 + 1e-3 * hurt + most * np.sqrt(hurt))


SEEING = {
    "resource_max": 20.0, "resource_ripe": 5.0, "eat_reach": 0.0, "eat_bite": 0.0,
    "speed_max": 50.0, "gene_effect": 1.0,
}  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60)
@given(
    seed=SEEDS, count=st.integers(1, 60), places=st.integers(1, 200), size=SIDES,
    radius=st.sampled_from([0.0, 0.3, 7.0, 50.0, 500.0]), parallel=st.booleans(),
    ripe=st.sampled_from([0.0, 0.05, 1.0]),
)  # fmt: skip
def test_all_steer_for_the_nearest_food(
    seed: int, count: int, places: int, size: tuple[float, float], radius: float, parallel: bool,
    ripe: float,
) -> None:  # fmt: skip
    """In one tick each goes for the nearest ripe place it can sense, by looking at every one."""
    generator = np.random.default_rng(seed)
    words = stage(
        count, **SEEING, sense_radius=radius, resources=places, world_width=size[0],
        world_height=size[1],
    )  # fmt: skip
    amount = np.where(generator.random(places) < ripe, 5.0, 4.999)
    dna = generator.random((count, 8))
    x, y = scatter(generator, count, size)
    put(words, x=x, y=y, vx=0.0, vy=0.0, dna=dna, radius=0.0, resource_amount=amount)
    old = now(words)
    dx = old.resource_x[None, :].astype(np.float64) - x[:, None]
    dy = old.resource_y[None, :].astype(np.float64) - y[:, None]
    apart = np.where(amount[None, :] >= 5.0, np.hypot(dx, dy), np.inf)
    nearest = np.argmin(apart, axis=1)
    distance = apart.min(axis=1)
    speed, senses, metabolism, root = 0.5 + dna.T[0], 0.5 + dna.T[1], 0.5 + dna.T[2], dna.T[3] + 0.5
    root = np.sqrt(root)
    sees = distance <= radius * senses * root
    fastest = 50.0 * root * speed * (0.5 + 0.5 * metabolism)
    engine = make_engine(words, threads=2)
    engine.use_parallel(parallel)
    engine.tick()
    new = now(words)
    # Too close to call: at the very edge of sight, or another place as near within rounding.
    second = np.partition(apart, 1, axis=1)[:, 1] if places > 1 else np.full(count, np.inf)
    with np.errstate(invalid="ignore"):
        clear = (second - distance > 1e-3) | ~np.isfinite(distance)
        clear &= np.abs(distance - radius * senses * root) > 1e-3 * (1.0 + radius)
        stride = np.minimum(fastest, distance) / np.where(distance > 0, distance, 1.0)
    row = np.arange(count)
    for went, way in ((new.vx, dx), (new.vy, dy)):
        wanted = (way[row, nearest] * stride)[sees & clear]
        assert np.abs(went[sees & clear] - wanted).max(initial=0.0) < 2e-3
    lost = ~sees & clear
    whim = np.maximum(np.abs(new.vx), np.abs(new.vy))[lost]
    assert np.all(whim <= 0.7 * fastest[lost] + 1e-3)
    assert np.all(whim > 0)
