"""The ground as the engine reads it: slope and warmth of each cell, side by side.

Owns: the slopes. Does not own: heights (`landscape.py` makes them, the arena holds them). Derived
from the arena when an engine opens it; nothing on the ground ever changes.
"""

import numpy as np

from zones.world.columns import F32, Buffer, Extent


def slopes(buffer: Buffer, extent: Extent) -> F32:
    """Return (cells, 4): slope along x and y (height per length, uphill), warmth, and 0.

    Taken between the middles of the cells on both sides, at the walls between the cell and its
    one neighbour. Four values, so that a Molbot reads one aligned 16 bytes.
    """
    height = buffer.ground_height.reshape(extent.ground_rows, extent.ground_cols)
    ground = np.zeros((extent.ground_rows, extent.ground_cols, 4), np.float32)
    cell = np.float32(extent.ground_cell)
    for axis, place in ((1, 0), (0, 1)):
        count = height.shape[axis]
        before = np.maximum(np.arange(count) - 1, 0)
        behind = np.minimum(np.arange(count) + 1, count - 1)
        span = (np.maximum(behind - before, 1).astype(np.float32)) * cell
        rise = np.take(height, behind, axis) - np.take(height, before, axis)
        ground[:, :, place] = rise / (span if axis else span[:, None])
    ground[:, :, 2] = buffer.ground_warmth.reshape(height.shape)
    return ground.reshape(-1, 4)
