"""The land of a world: hills and valleys, made from the seed when the world is founded.

Owns: the height of every place, and what follows from it: warmth and fertility. Does not own: what
gravity does on a slope (`behaviour.py`), weather (`weather.py`).

Heights are value noise: random numbers on a lattice, joined smoothly, in OCTAVES of halved length
and height. Source: K. Perlin, "An Image Synthesizer", SIGGRAPH 1985, the lattice part; the joint
is 3t^2 - 2t^3. float64 with + - x / only.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zones.runtime import random_streams
from zones.world.columns import F32, F64

OCTAVES: Final = 3
_ROW_STRIDE: Final = 1 << 24
"""Lattice columns in a row, as far as the numbers drawn for them go."""


class Land(NamedTuple):
    """What the landscape is made of; see `config/world.yaml`."""

    seed: int
    hill_length: float
    hill_height: float
    hill_warmth: float
    fertility_contrast: float


def heights(land: Land, x: NDArray[Any], y: NDArray[Any]) -> F64:
    """Return the height of each point, 0 to 1; about half of them lie below 1/2."""
    total = np.zeros(len(x))
    span = 0.0
    for octave in range(OCTAVES):
        share = 0.5**octave
        total += share * _noise(land, octave, x, y, land.hill_length * share)
        span += share
    # Means of random numbers crowd in the middle: stretch, so that there are peaks and floors.
    stretched: F64 = np.clip(0.5 + 1.6 * (total / span - 0.5), 0.0, 1.0)
    return stretched


def warmth_at(land: Land, height: F64) -> F32:
    """Return by how many degrees places of this height (0 to 1) are warmer than the middle."""
    return (land.hill_warmth * (0.5 - height)).astype(np.float32)


def fertility_at(land: Land, height: F64) -> F32:
    """Return what growth is multiplied by at places of this height; the mean of all is 1."""
    raw = 1.0 + land.fertility_contrast * (1.0 - 2.0 * height)
    # Added up in order of the places: numpy's own sum depends on the machine.
    mean = float(np.cumsum(raw)[-1]) / len(raw)
    return (raw / max(mean, 1e-6)).astype(np.float32)


def _noise(land: Land, octave: int, x: NDArray[Any], y: NDArray[Any], length: float) -> F64:
    """Return one octave, 0 to 1."""
    across, along = x.astype(np.float64) / length, y.astype(np.float64) / length
    col, row = np.floor(across), np.floor(along)
    smooth_x, smooth_y = _smooth(across - col), _smooth(along - row)
    near = row.astype(np.uint64) * np.uint64(_ROW_STRIDE) + col.astype(np.uint64)
    far = near + np.uint64(_ROW_STRIDE)
    key = random_streams.tick_key(land.seed, 0)

    def lattice(number: NDArray[np.uint64]) -> F64:
        drawn = random_streams.many_units(key, number, random_streams.LANDSCAPE, octave)
        return drawn.astype(np.float64)

    one = np.uint64(1)
    low = lattice(near) + (lattice(near + one) - lattice(near)) * smooth_x
    high = lattice(far) + (lattice(far + one) - lattice(far)) * smooth_x
    joined: F64 = low + (high - low) * smooth_y
    return joined


def _smooth(t: F64) -> F64:
    return t * t * (3.0 - 2.0 * t)
