"""The colours of `molt top`: the project's palette, and arithmetic on packed colours.

Owns: what each colour is for. Does not own: which colour a lineage has (the world says so).
A packed colour is 0xRRGGBB, as in the arena's `colour` column. Pure.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

U32 = NDArray[np.uint32]
F32 = NDArray[np.float32]

INK: Final = 0x070B12
PANEL: Final = 0x0C121C
LINE: Final = 0x1B2534
TEXT: Final = 0xD8E2EE
QUIET: Final = 0x8595A8
GOOD: Final = 0x4FD1A5
WARN: Final = 0xF2B84B
BAD: Final = 0xF0716B
ACCENT: Final = 0x6CB6FF
OTHERS: Final = 0x5A6878
"""Lineages too small to be told apart in a bar."""
FOOD: Final = 0x17514F
"""Ground that is as full of food as it can be; empty ground is INK."""
FOOD_FEW: Final = (0x080808, 0x1C1C1C, 0x303030, 0x005F00, 0x005F5F)
"""Of the 256 colours of xterm: greys, then greens, a step apart for the eye."""
NIGHT: Final = 0x0A1030
FOOD_STEPS: Final = 10
"""Few shades: neighbouring cells of one shade are one run of text, and a frame fits a slow line."""


def hex_of(colour: int) -> str:
    """Return "#rrggbb"."""
    return f"#{colour:06x}"


def mix(one: int, other: int, share: float) -> int:
    """Return `one` with `share` (0 to 1) of `other` in it."""
    mixed = 0
    for shift in (16, 8, 0):
        low, high = one >> shift & 255, other >> shift & 255
        mixed |= round(low + (high - low) * share) << shift
    return mixed


def mix_all(one: U32, other: U32 | int, share: F32 | float) -> U32:
    """Return `mix` of each colour in `one`; `other` and `share` are broadcast against it."""
    into = np.asarray(other, np.uint32)
    parts = (np.asarray(share) * 256).astype(np.uint32)
    mixed = np.zeros_like(one)
    for shift in (16, 8, 0):
        low, high = (one >> shift) & 255, (into >> shift) & 255
        mixed |= (((low * (256 - parts) + high * parts) >> 8) << shift).astype(np.uint32)
    return mixed


def few_shades() -> U32:
    """Return the FOOD_STEPS shades of the ground for a terminal without true colour.

    Colours of its own table, each brighter than the one before: the nearest ones to those of
    `food_ramp` are all the same black.
    """
    places = np.arange(FOOD_STEPS) * len(FOOD_FEW) // FOOD_STEPS
    return np.array(FOOD_FEW, np.uint32)[places]


def food_ramp(light: float) -> U32:
    """Return the FOOD_STEPS shades of the ground, from empty to full, under `light` (0 to 1).

    Night takes away a third of the brightness and leaves a trace of blue: the picture must stay
    readable at midnight.
    """
    dark = 1 - min(max(light, 0.0), 1.0)
    ramp = [
        mix(mix(INK, FOOD, step / (FOOD_STEPS - 1)), NIGHT, 0.35 * dark)
        for step in range(FOOD_STEPS)
    ]
    return np.array(ramp, np.uint32)
