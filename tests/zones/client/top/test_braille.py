"""The map: each dot where a Molbot is, each cell in the colour of who leads there."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich._palettes import EIGHT_BIT_PALETTE
from rich.color import Color, ColorSystem

from tests.zones.client.top.made_worlds import made_sight
from zones.client.top.braille import (
    DOT_BITS,
    LIT_SHARE_MAX,
    Food,
    draw_map,
    light_dots,
    place_dots,
)
from zones.client.top.camera import Camera, Window
from zones.client.top.crowd import Crowd, rank_crowd
from zones.client.top.palette import FOOD_FEW, INK, few_shades, food_ramp

NO_FOOD = Food(*(np.zeros(0, np.float32),) * 3, 1.0, 1.0)

windows = st.builds(
    Window,
    left=st.integers(0, 50).map(float),
    top=st.integers(0, 50).map(float),
    dot=st.sampled_from((0.5, 1.0, 2.0, 4.0)),
    cols=st.integers(1, 9),
    rows=st.integers(1, 7),
)
# Quarters are exact in binary, so that no rounding can put a dot on another side.
points = st.lists(st.tuples(st.integers(-40, 400), st.integers(-40, 400)), max_size=60).map(
    lambda found: np.array(found, np.float32).reshape(-1, 2) / 4
)

DAY = food_ramp(1.0)


def still_crowd(x, y, lineage, energy=1.0) -> Crowd:
    count = len(x)
    rest = np.zeros(count, np.float32)
    return rank_crowd(
        (np.asarray(x, np.float32), np.asarray(y, np.float32)),
        (rest, rest),
        np.full(count, energy, np.float32),
        np.asarray(lineage, np.uint32),
        np.asarray(lineage, np.uint32) * 0x010101,
    )


@pytest.mark.slow
@given(windows, points)
def test_dots_are_where_brute_force_puts_them(window: Window, places: np.ndarray) -> None:
    """Every cell has exactly the dots that a loop over all positions gives it."""
    counts: Counter[tuple[int, int]] = Counter()
    for x, y in places.tolist():
        col, row = (x - window.left) / window.dot, (y - window.top) / window.dot
        width, height = 2 * window.cols, 4 * window.rows
        if 0 <= col <= width and 0 <= row <= height:
            counts[min(int(col), width - 1), min(int(row), height - 1)] += 1
    inside, across, down = place_dots(places[:, 0], places[:, 1], window)
    assert inside.sum() == counts.total()
    bits, least = light_dots(across, down, window)
    expected = np.zeros((window.rows, window.cols), np.uint8)
    for (col, row), count in counts.items():
        if count >= least:
            expected[row // 4, col // 2] |= DOT_BITS[row % 4, col % 2]
    assert (bits == expected).all()


@given(st.integers(1, 40_000))
def test_dense_world_keeps_dark_dots(population: int) -> None:
    """However many Molbots there are, no more dots are lit than still show a shape."""
    rng = np.random.default_rng(population)
    window = Window(0.0, 0.0, 1.0, 12, 6)
    across, down = rng.integers(0, 24, population), rng.integers(0, 24, population)
    bits, least = light_dots(across, down, window)
    assert np.unpackbits(bits).sum() <= LIT_SHARE_MAX * 24 * 24
    assert least >= 1


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 4)), min_size=1))
def test_colour_is_of_the_lineage_with_most_members(found: list[tuple[int, int, int]]) -> None:
    """A cell's colour is that of a lineage no other outnumbers there."""
    x, y, lineage = zip(*found, strict=True)
    window = Window(0.0, 0.0, 1.0, 4, 2)
    drawn = draw_map(still_crowd(x, y, lineage), NO_FOOD, window, DAY)
    for row in range(2):
        for col in range(4):
            here = Counter(
                each for a, b, each in found if (min(a, 7) // 2, min(b, 7) // 4) == (col, row)
            )
            if here:
                most = max(here.values())
                best = {each * 0x010101 for each, count in here.items() if count == most}
                assert int(drawn.front[row, col]) in best


def test_starving_are_dimmer() -> None:
    """The same Molbot is darker with less energy."""
    window = Window(0.0, 0.0, 1.0, 2, 2)
    shades = [
        int(draw_map(still_crowd([1], [1], [200], share), NO_FOOD, window, DAY).front[0, 0])
        for share in (1.0, 0.4, 0.0)
    ]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == 3


def test_small_lineages_keep_their_own_colour() -> None:
    """A lineage too small for a rank still colours a cell where it is alone."""
    lineage = [*np.repeat(np.arange(1, 41), 3), 99]
    x, y = [0.5] * 120 + [7.5], [0.5] * 120 + [7.5]
    drawn = draw_map(still_crowd(x, y, lineage), NO_FOOD, Window(0.0, 0.0, 1.0, 4, 2), DAY)
    assert drawn.front[1, 3] == 99 * 0x010101


def test_chosen_lineage_alone_has_colour() -> None:
    """With a lineage brought out, cells without it lose their colour and keep their dots."""
    crowd = still_crowd([1, 1, 7], [1, 1, 7], [7, 7, 9])
    window = Window(0.0, 0.0, 1.0, 4, 2)
    plain, drawn = (draw_map(crowd, NO_FOOD, window, DAY, each) for each in (None, 1))
    assert drawn.front[1, 3] == 9 * 0x010101
    assert drawn.front[0, 0] != plain.front[0, 0]
    assert (drawn.bits == plain.bits).all()


def test_tail_lies_where_it_came_from() -> None:
    """One that moves right has dots to its left, of its own colour and never to its right."""
    crowd = rank_crowd(
        (np.array([40], np.float32), np.array([10], np.float32)),
        (np.array([1], np.float32), np.zeros(1, np.float32)),
        np.ones(1, np.float32),
        np.ones(1, np.uint32),
        np.full(1, 0xFF0000, np.uint32),
    )
    drawn = draw_map(crowd, NO_FOOD, Window(0.0, 0.0, 1.0, 40, 5), DAY)
    lit = np.flatnonzero(drawn.bits[2])
    assert lit.tolist() == [12, 15, 17, 20]
    red = drawn.front[2, lit] >> 16
    assert (red[:-1] < red[-1]).all()
    assert (red[:-1] > 0x60).all()


def test_ground_is_bright_where_food_is() -> None:
    """The fuller a place the brighter its ground; far from any it is as dark as ink."""
    x, y = np.meshgrid(np.arange(0, 80, 2), np.arange(0, 80, 2))
    amount = np.where(x.ravel() < 40, 20.0, 0.0).astype(np.float32)
    food = Food(x.ravel().astype(np.float32), y.ravel().astype(np.float32), amount, 20.0, 6400.0)
    drawn = draw_map(still_crowd([], [], []), food, Window(0.0, 0.0, 1.0, 40, 20), DAY)
    assert (drawn.ground[:, 1] == food_ramp(1.0)[-1]).all()
    assert (drawn.ground[:, -1] == INK).all()
    assert not drawn.bits.any()


def test_night_is_darker() -> None:
    """Ground with food is darker at night, and can still be told from empty ground."""
    day, night = food_ramp(1.0), food_ramp(0.0)
    green = [int(shade) >> 8 & 255 for shade in (day[-1], night[-1], night[0])]
    assert green == sorted(green, reverse=True)
    assert len(set(green)) == 3


@pytest.mark.parametrize("population", [0, 1, 300, 20_000])
@pytest.mark.parametrize("zoom", [1.0, 8.0])
def test_any_world_can_be_drawn(population: int, zoom: float) -> None:
    """Empty, lonely and crowded worlds give a map of the window's shape, from near and far."""
    sight = made_sight(population, aspect=0.5)
    window = Camera(zoom, 0.3, 0.7).window(sight.width, sight.height, 60, 20)
    drawn = draw_map(sight.crowd, sight.food, window, food_ramp(0.5))
    shape = (window.rows, window.cols)
    assert drawn.bits.shape == drawn.front.shape == drawn.ground.shape == shape
    assert [len(line) for line in drawn.lines()] == [window.cols] * window.rows
    assert drawn.bits.any() == (population > 1 or (population == 1 and zoom == 1.0))


def test_lines_are_braille() -> None:
    """Without colour a map is lines of braille, blanks are spaces."""
    drawn = draw_map(still_crowd([0, 7], [0, 7], [1, 1]), NO_FOOD, Window(0, 0, 1.0, 4, 2), DAY)
    assert drawn.lines() == ["⠁   ", "   ⢀"]


def test_food_is_seen_in_few_colours() -> None:
    """Where colours come from a table of 256 the ground has five shades there, ever brighter."""
    table = [Color.parse(f"#{shade:06x}").downgrade(ColorSystem.EIGHT_BIT) for shade in FOOD_FEW]
    found = [tuple(EIGHT_BIT_PALETTE[each.number or 0]) for each in table]
    assert found == [(s >> 16, s >> 8 & 255, s & 255) for s in FOOD_FEW]
    light = [0.3 * red + 0.59 * green + 0.11 * blue for red, green, blue in found]
    assert all(low + 5 < high for low, high in pairwise(light))
    table = [Color.parse(f"#{shade:06x}").downgrade(ColorSystem.STANDARD) for shade in FOOD_FEW]
    assert len({each.number for each in table}) >= 3
    assert sorted(set(few_shades().tolist()), key=FOOD_FEW.index) == list(FOOD_FEW)
