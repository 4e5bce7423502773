"""Bodies that touch: they push each other apart, bounce, and hurt each other.

Owns: the law of a collision. Does not own: who is near (`crowd.py`), what else moves a Molbot
(`behaviour.py`), who dies of it (`lifecycle.py`).

Two discs whose centres are nearer than the sum of their radii overlap. Each gets the share of the
push that the other's mass has in both (mass grows as the square of the radius), so that what one
gains in momentum the other loses. How fast they close in hurts by its square, as energy of motion
does; the lighter one more. Both work it out for themselves from buffer A, with the same numbers.
"""

from typing import Any

import numpy as np

from zones.runtime.numba_setup import njit
from zones.world import parameters
from zones.world.blocks import FEW, LIVING, PUSH_X, PUSH_Y
from zones.world.lanes import LANES, count_near

_BODY_RADIUS = parameters.BODY_RADIUS
_PUSH = parameters.COLLISION_PUSH
_BOUNCE = parameters.COLLISION_BOUNCE
_DAMAGE = parameters.COLLISION_DAMAGE
_GENE_EFFECT = parameters.GENE_EFFECT


def largest_radius(rules: Any) -> float:
    """Return the largest radius a body can be born with. Bodies keep what they were born with."""
    return float(rules[_BODY_RADIUS]) * (1.0 + 0.5 * float(rules[_GENE_EFFECT]))


@njit
def _meet(i: Any, j: Any, dx: Any, dy: Any, d: Any, radius: Any, vx: Any, vy: Any) -> Any:
    """Return (direction x, y away from j, share of the push, closing speed) of i meeting j."""
    if d > 0:
        nx = dx / d
        ny = dy / d
    else:
        # In the very same place: apart along x, the one in the lower slot to the right.
        nx = np.float32(1.0) if i < j else np.float32(-1.0)
        ny = np.float32(0.0)
    weight = radius[j] * radius[j]
    share = weight / (weight + radius[i] * radius[i])
    closing = max((vx[j] - vx[i]) * nx + (vy[j] - vy[i]) * ny, np.float32(0.0))
    return nx, ny, share, closing


@njit
def _rows_around(here: Any, starts: Any, shape: Any) -> Any:
    """Return where the 2 x 2 cells around a place lie in the index: (begin, end) of both rows.

    In a world of one row of cells both are that row.
    """
    cell, cols, rows = shape
    inverse = np.float32(1.0) / cell
    half = np.float32(0.5)
    left = max(min(np.int64(here[0] * inverse + half) - 1, cols - 2), 0)
    low = max(min(np.int64(here[1] * inverse + half) - 1, rows - 2), 0)
    right = min(left + 2, cols)
    high = min(low + 1, rows - 1)
    return (
        starts[np.uint64(low * cols + left)],
        starts[np.uint64(low * cols + right)],
        starts[np.uint64(high * cols + left)],
        starts[np.uint64(high * cols + right)],
    )


@njit
def touch(
    i: Any,
    here: Any,
    vx: Any,
    vy: Any,
    radius: Any,
    crowd: Any,
    shape: Any,
    largest: Any,
    rules: Any,
) -> Any:
    """Return (change of vx, change of vy, damage in energy) of the Molbot in slot i.

    Args:
        here: (x, y), float32.
        vx, vy, radius: of buffer A by slot.
        crowd, shape: from `index_crowd`; a cell is at least 4 x `largest` long.
        largest: float32, no radius is larger.
    """
    x, y = here
    starts, store_x, store_y, store_slot, _, _ = crowd
    low, low_end, high, high_end = _rows_around(here, starts, shape)
    own = radius[i]
    reach2 = (own + largest) * (own + largest)
    gain_x = np.float32(0.0)
    gain_y = np.float32(0.0)
    damage = np.float32(0.0)
    for row in range(2 if shape[2] > 1 else 1):
        begin, end = (high, high_end) if row else (low, low_end)
        for at in range(begin, end):
            dx = x - store_x[at]
            dy = y - store_y[at]
            d2 = dx * dx + dy * dy
            j = store_slot[at]
            if d2 >= reach2 or j == i:
                continue
            both = own + radius[j]
            if d2 >= both * both:
                continue
            d = np.sqrt(d2)
            nx, ny, share, closing = _meet(i, j, dx, dy, d, radius, vx, vy)
            push = share * (
                np.float32(rules[_PUSH]) * (both - d)
                + (np.float32(1.0) + np.float32(rules[_BOUNCE])) * closing
            )
            gain_x += push * nx
            gain_y += push * ny
            damage += np.float32(rules[_DAMAGE]) * share * closing * closing
    return gain_x, gain_y, damage


@njit
def touch_block(
    count: Any, first: Any, old: Any, radius: Any, crowd: Any, shape: Any, largest: Any,
    rules: Any, lists: Any, columns: Any, hurt: Any,
) -> None:  # fmt: skip
    """Write what touching others adds to the velocity of each of a block, and its hurt.

    Most touch nobody. Who has nobody near but itself among the first LANES of both rows of cells,
    and no more than those to look at, needs no exact look, and to find that out takes no branch.

    Args:
        count: of the living of the block, listed in `lists`.
        first: slot that the block begins with.
        old: (x, y, vx, vy, ...) of buffer A by slot of the world.
        hurt: float32 by slot of the block; written.
    """
    push_x, push_y = columns[PUSH_X], columns[PUSH_Y]
    for i in range(len(hurt)):
        push_x[i] = np.float32(0.0)
        push_y[i] = np.float32(0.0)
        hurt[i] = np.float32(0.0)
    if largest <= 0:
        return
    x, y, vx, vy, _, _, _ = old
    starts, store_x, store_y, _, _, _ = crowd
    living, maybe = lists[LIVING], lists[FEW]
    few = np.uint32(0)
    for k in range(count):
        one = np.uint64(first) + np.uint64(living[k])
        here = (x[one], y[one])
        reach2 = (radius[one] + largest) * (radius[one] + largest)
        low, low_end, high, high_end = _rows_around(here, starts, shape)
        near = count_near(np.uint64(low), here[0], here[1], store_x, store_y, reach2)
        near += count_near(np.uint64(high), here[0], here[1], store_x, store_y, reach2)
        maybe[few] = living[k]
        few += np.uint32((near > 1) | (max(low_end - low, high_end - high) > LANES))
    for k in range(few):
        at = np.uint32(maybe[k])
        slot = np.int64(first) + at
        push_x[at], push_y[at], hurt[at] = touch(
            slot, (x[slot], y[slot]), vx, vy, radius, crowd, shape, largest, rules
        )
