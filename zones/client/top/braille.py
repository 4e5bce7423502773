"""The world as a picture of braille cells: dots are Molbots, colour is lineage, ground is food.

Owns: from positions to glyphs and colours, in whole-array steps (200 000 Molbots in a few ms).
Does not own: where to look (`camera.py`), which lineages have a rank (`crowd.py`), the terminal.
Pure; colours are packed 0xRRGGBB.

- A dot is lit where at least `least` Molbots are. In a sparse world that is 1; in one so dense
  that every dot would be lit, it grows until the dots show where the crowd is thick.
- In a sparse world a Molbot has a tail: dots where it was some ticks ago, so that one sees which
  way it goes, and a still picture moves.
- A cell has the colour of the lineage with most members in it, dimmed where they starve.
- The ground is the density of food, smoothed over the distance between places: really dark where
  there is none.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zones.client.top.camera import DOTS_ACROSS, DOTS_DOWN, Window
from zones.client.top.crowd import RANKS, Crowd
from zones.client.top.palette import FOOD_STEPS, INK, QUIET, U32, mix_all

U8 = NDArray[np.uint8]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

# What Unicode adds to U+2800 for each dot of a cell, row by row.
DOT_BITS: Final = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], np.uint8)
LIT_SHARE_MAX: Final = 0.4
LEAST_STEPS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
ENERGY_STEPS: Final = 5
ENERGY_DIM: Final = 0.62
"""How much of a starving Molbot's colour is lost to the ink."""
GLOW: Final = 0.16
"""How much of its lineage's colour a cell with Molbots lends to its ground."""
PLACES_BLURRED: Final = 4.0
"""Food is smoothed until one patch holds about as many places: fewer are confetti."""
TAILED_SHARE: Final = 0.5
"""Molbots a cell up to which they have tails; more of them are a fog."""
TAIL_TICKS: Final = (5, 10, 15)
TAIL_DIM: Final = 0.4
UNCHOSEN_DIM: Final = 0.6
FOOD_GAMMA: Final = 0.8
"""Below 1 poor ground is lifted a little out of the dark."""
BLANK: Final = " "
# The blank pattern is a space: some fonts draw U+2800 as eight small circles.
GLYPHS: Final = np.array([ord(BLANK), *range(0x2801, 0x2900)], np.uint16)


@dataclass(frozen=True, slots=True)
class Food:
    """The places where food grows.

    Args:
        x, y: lengths, one for each place.
        amount: energy at each place now.
        amount_max: energy a place can hold, above 0.
        area: of the whole world, length squared.
    """

    x: F32
    y: F32
    amount: F32
    amount_max: float
    area: float


@dataclass(frozen=True, slots=True)
class MapPicture:
    """A drawn map; arrays of shape (rows, cols).

    Args:
        bits: dots of each cell as Unicode numbers them, 0 blank.
        front, ground: packed colours of dots and of what lies under them.
        least: Molbots that a dot stands for, at least.
    """

    bits: U8
    front: U32
    ground: U32
    least: int

    def lines(self) -> list[str]:
        """Return the map without colour, one string for each row."""
        glyphs = GLYPHS[self.bits]
        return [row.tobytes().decode("utf-16-le") for row in glyphs]


def draw_map(
    crowd: Crowd, food: Food, window: Window, ramp: U32, chosen: int | None = None
) -> MapPicture:
    """Draw what the window shows.

    Args:
        ramp: the FOOD_STEPS shades of the ground, from empty to full.
        chosen: rank of a lineage to bring out; the others go grey.
    """
    inside, across, down = place_dots(crowd.x, crowd.y, window)
    bits, least = light_dots(across, down, window)
    cells = (down // DOTS_DOWN) * window.cols + across // DOTS_ACROSS
    front, taken = _colour_cells(crowd, inside, cells, window, chosen)
    if len(across) <= window.rows * window.cols * TAILED_SHARE:
        tails, tail_front = _tails(crowd, inside, window, chosen)
        bits |= tails
        front = np.where(taken, front, tail_front)
    ground = ramp[_shade_food(food, window)]
    ground = np.where(taken, mix_all(ground, front, GLOW), ground)
    return MapPicture(bits, front, ground, least)


def place_dots(x: F32, y: F32, window: Window) -> tuple[NDArray[np.bool_], I64, I64]:
    """Return which positions the window shows, and column and row of their dots (those only).

    What stands right on the far edge belongs to the last dot: the world's walls are inside it.
    """
    scale = np.float32(1 / window.dot)
    across = (x - np.float32(window.left)) * scale
    down = (y - np.float32(window.top)) * scale
    cols, rows = window.cols * DOTS_ACROSS, window.rows * DOTS_DOWN
    inside = (across >= 0) & (across <= cols) & (down >= 0) & (down <= rows)
    if not inside.all():
        across, down = across[inside], down[inside]
    col = np.minimum(across.astype(np.int64), cols - 1)
    row = np.minimum(down.astype(np.int64), rows - 1)
    return inside, col, row


def light_dots(across: I64, down: I64, window: Window) -> tuple[U8, int]:
    """Return each cell's dots and how many Molbots a lit dot stands for at least."""
    width, height = window.cols * DOTS_ACROSS, window.rows * DOTS_DOWN
    counts = np.bincount(down * width + across, minlength=width * height)
    least = _choose_least(counts)
    lit = (counts >= least).reshape(window.rows, DOTS_DOWN, window.cols, DOTS_ACROSS)
    weighted = lit * DOT_BITS[None, :, None, :]
    return weighted.sum(axis=(1, 3), dtype=np.uint8), least


def _tails(
    crowd: Crowd, inside: NDArray[np.bool_], window: Window, chosen: int | None
) -> tuple[U8, U32]:
    """Return the dots of the tails of those inside, and the colour where nothing else is."""
    if chosen is not None:
        inside = inside & (crowd.rank == chosen)
    x, y, vx, vy = (each[inside] for each in (crowd.x, crowd.y, crowd.vx, crowd.vy))
    back = np.array(TAIL_TICKS, np.float32)[:, None]
    seen, across, down = place_dots((x - vx * back).ravel(), (y - vy * back).ravel(), window)
    bits, _ = light_dots(across, down, window)
    front = np.zeros(window.rows * window.cols, np.uint32)
    colours = np.tile(crowd.colour[inside], len(TAIL_TICKS))[seen]
    cells = (down // DOTS_DOWN) * window.cols + across // DOTS_ACROSS
    front[cells] = mix_all(colours, INK, TAIL_DIM)
    return bits, front.reshape(window.rows, window.cols)


def _choose_least(counts: I64) -> int:
    lit_max = counts.size * LIT_SHARE_MAX
    for least in LEAST_STEPS:
        if np.count_nonzero(counts >= least) <= lit_max:
            return least
    return LEAST_STEPS[-1]


def _colour_cells(
    crowd: Crowd, inside: NDArray[np.bool_], cells: I64, window: Window, chosen: int | None
) -> tuple[U32, NDArray[np.bool_]]:
    """Return the colour of each cell's Molbots, and where there are any; both (rows, cols)."""
    shape, size = (window.rows, window.cols), window.rows * window.cols
    everyone = len(cells) == len(crowd.rank)
    rank = crowd.rank if everyone else crowd.rank[inside]
    energy = crowd.energy_share if everyone else crowd.energy_share[inside]
    members = np.bincount(cells * RANKS + rank, minlength=size * RANKS).reshape(size, RANKS)
    total = members.sum(axis=1)
    leader = members.argmax(axis=1)
    colours = crowd.colours[leader]
    # The last rank gathers the small lineages, each of its own colour: one of those that are
    # there speaks for the cell.
    small = rank == RANKS - 1
    if small.any():
        colour = crowd.colour if everyone else crowd.colour[inside]
        spoken = np.zeros(size, np.uint32)
        spoken[cells[small]] = colour[small]
        colours = np.where(leader == RANKS - 1, spoken, colours)
    mean = np.bincount(cells, weights=energy, minlength=size) / np.maximum(total, 1)
    step = np.rint(np.sqrt(np.clip(mean, 0, 1)) * (ENERGY_STEPS - 1)) / (ENERGY_STEPS - 1)
    dimmed = mix_all(colours, INK, (ENERGY_DIM * (1 - step)).astype(np.float32))
    if chosen is not None:
        here = members[:, chosen] > 0
        grey = mix_all(np.full(size, QUIET, np.uint32), INK, UNCHOSEN_DIM)
        dimmed = np.where(here, crowd.colours[chosen], grey)
    return dimmed.reshape(shape).astype(np.uint32), (total > 0).reshape(shape)


def _shade_food(food: Food, window: Window) -> I64:
    """Return the shade of the ground of each cell, 0 to FOOD_STEPS - 1, shape (rows, cols)."""
    if len(food.x) == 0:
        return np.zeros((window.rows, window.cols), np.int64)
    inside, across, down = place_dots(food.x, food.y, window)
    cells = (down // DOTS_DOWN) * window.cols + across // DOTS_ACROSS
    size = window.rows * window.cols
    energy: F64 = np.bincount(cells, weights=food.amount[inside], minlength=size).astype(float)
    cell_area = window.dot**2 * DOTS_ACROSS * DOTS_DOWN
    places = len(food.x) / food.area * cell_area  # expected in one cell
    radius = np.sqrt(PLACES_BLURRED / (np.pi * places))  # cells of one area, taken as a disc
    smooth = _blur(
        energy.reshape(window.rows, window.cols),
        radius * np.sqrt(DOTS_DOWN / DOTS_ACROSS),
        radius / np.sqrt(DOTS_DOWN / DOTS_ACROSS),
    )
    fullness = smooth / (places * food.amount_max)
    shade = np.clip(fullness, 0, 1) ** FOOD_GAMMA * FOOD_STEPS
    return np.minimum(shade.astype(np.int64), FOOD_STEPS - 1)


def _blur(grid: F64, across: float, down: float) -> F64:
    """Return the grid under a Gaussian of these standard deviations, in cells."""
    return _bell(grid.shape[0], down) @ grid @ _bell(grid.shape[1], across).T


def _bell(cells: int, spread: float) -> F64:
    """Return weights (cells, cells) whose rows are bells of sum 1: nothing darkens at the walls."""
    place = np.arange(ceil(cells), dtype=np.float64)
    weights = np.exp(-0.5 * ((place[:, None] - place) / max(spread, 0.25)) ** 2)
    rows: F64 = weights / weights.sum(axis=1, keepdims=True)
    return rows
