"""The land: heights in their range, the same for the same seed, with the slopes they have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zones.world.stage import now, stage
from zones.world.columns import open_world
from zones.world.ground import slopes
from zones.world.landscape import Land, fertility_at, heights, warmth_at


def land_of(seed: int = 1, length: float = 700.0, contrast: float = 0.9) -> Land:
    """Return a land of the usual hills."""
    return Land(seed, length, 20.0, 6.0, contrast)


POINTS = np.linspace(0.0, 5000.0, 20_001)


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**64 - 1),
    length=st.sampled_from([10.0, 700.0, 1e6]),
    side=st.sampled_from([10.0, 2000.0, 1e6]),
)
def test_heights_are_in_their_range(seed: int, length: float, side: float) -> None:
    """Any seed and size of hills gives heights from 0 to 1, in the corners too."""
    drawn = np.random.default_rng(1).random((2, 60)) * side
    drawn[:, :2] = [[0.0, side], [0.0, side]]
    found = heights(land_of(seed, length), *drawn)
    assert found.min() >= 0.0 and found.max() <= 1.0


def test_a_seed_is_a_land() -> None:
    """The same seed makes the same land, another one another; a point's height is its own."""
    x, y = POINTS, POINTS[::-1]
    first = heights(land_of(3), x, y)
    assert np.array_equal(first, heights(land_of(3), x, y))
    assert np.mean(first == heights(land_of(4), x, y)) < 0.2
    assert np.array_equal(first[::7], heights(land_of(3), x[::7], y[::7]))


@pytest.mark.slow
def test_land_has_peaks_and_floors_and_no_cliffs() -> None:
    """Heights come near both ends, lie about half above 1/2, and change smoothly on the way."""
    shares, tops, floors, steps = [], [], [], []
    for seed in range(30):
        found = heights(land_of(seed), POINTS, np.full(len(POINTS), 977.0))
        shares.append(np.mean(found > 0.5))
        tops.append(found.max())
        floors.append(found.min())
        steps.append(np.abs(np.diff(found)).max() / 0.25)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.1)
    assert np.mean(tops) > 0.8 and np.mean(floors) < 0.2
    # Three octaves of halved length and height are each at most as steep: 1.5 / length apiece.
    assert max(steps) <= 1.6 / 1.75 * 3 * 1.5 / 700.0


def test_hills_are_as_long_as_told() -> None:
    """Heights a tenth of hill_length apart are alike, those of many lengths apart are strangers."""
    near, far = [], []
    for seed in range(40):
        x = np.arange(0.0, 40_000.0, 1400.0)
        rows = [
            heights(land_of(seed), x + shift, np.full(len(x), 50.0)) for shift in (0, 70, 21000)
        ]
        near.append(np.corrcoef(rows[0], rows[1])[0, 1])
        far.append(np.corrcoef(rows[0], rows[2])[0, 1])
    assert np.mean(near) > 0.8
    assert abs(np.mean(far)) < 5.0 / np.sqrt(40 * 29)


@given(contrast=st.floats(0.0, 1.0), seed=st.integers(0, 99))
def test_fertility(contrast: float, seed: int) -> None:
    """Fertility is never negative, 1 on the whole, and the better the lower a place is."""
    height = np.sort(np.random.default_rng(seed).random(300))
    found = fertility_at(land_of(contrast=contrast), height).astype(np.float64)
    assert found.min() >= 0.0
    assert found.mean() == pytest.approx(1.0, abs=1e-5)
    assert np.all(np.diff(found) <= 1e-7)
    assert np.ptp(found) == pytest.approx(2.0 * contrast * np.ptp(height) / (
        1.0 + contrast * (1.0 - 2.0 * height.mean())), rel=1e-3, abs=1e-6)  # fmt: skip


def test_warmth() -> None:
    """The lowest place is hill_warmth warmer than the highest, the middle is as the weather is."""
    assert warmth_at(land_of(), np.array([0.0, 0.5, 1.0])).tolist() == [3.0, 0.0, -3.0]


@pytest.mark.slow
@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32), width=st.sampled_from([10.0, 60.0, 700.0]),
    height=st.sampled_from([10.0, 130.0, 300.0]), cell=st.sampled_from([5.0, 50.0, 1000.0]),
)  # fmt: skip
def test_slopes_are_differences(seed: int, width: float, height: float, cell: float) -> None:
    """The slope of a cell is that between its neighbours, as numpy finds it; 0 in a single one."""
    words = stage(
        1, seed=seed, world_width=width, world_height=height, ground_cell=cell, hill_length=50.0,
        hill_height=20.0, hill_warmth=6.0,
    )  # fmt: skip
    world = open_world(words)
    extent = world.extent
    assert extent.ground_cols == int(width / cell) + 1
    assert extent.ground_rows == int(height / cell) + 1
    land = now(words).ground_height.reshape(extent.ground_rows, extent.ground_cols)
    found = slopes(world.committed, extent).reshape(*land.shape, 4)
    for axis, place in ((1, 0), (0, 1)):
        expected = np.zeros(land.shape)
        if land.shape[axis] > 1:
            expected = np.gradient(land.astype(np.float64), cell, axis=axis)
        assert found[:, :, place] == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(found[:, :, 2].ravel(), now(words).ground_warmth)


def test_ground_is_the_land() -> None:
    """Each ground cell has height and warmth of its middle, from 0 to hill_height."""
    words = stage(1, hill_height=30.0, hill_warmth=8.0, hill_length=300.0, seed=5)
    extent = open_world(words).extent
    cells = np.arange(extent.ground_cols * extent.ground_rows)
    x = (cells % extent.ground_cols + 0.5) * 50.0
    y = (cells // extent.ground_cols + 0.5) * 50.0
    height = heights(Land(5, 300.0, 30.0, 8.0, 0.0), x, y)
    assert now(words).ground_height == pytest.approx(30.0 * height, abs=1e-5)
    assert now(words).ground_warmth == pytest.approx(8.0 * (0.5 - height), abs=1e-5)
    assert now(words).ground_height.min() >= 0 and now(words).ground_height.max() <= 30.0
