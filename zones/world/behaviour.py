"""What each Molbot does by itself in a tick: sense, steer, move, pay, and say what it would eat.

Owns: the per-Molbot arithmetic. Does not own: who gets the food (`feeding.py`), births and deaths
(`lifecycle.py`). Reads buffer A, writes buffer B and `intent`; every index only its own row, so
any number of threads gives the same bits.

The world has walls: nothing is sensed or walked through an edge (a torus was considered: its seam
would have to be in every distance, and in every picture). Drag is a mix of the old velocity and
the wanted one, so a speed can never pass `speed_max` once below it.
"""

from typing import Any, Final

import numpy as np

from zones.world import parameters, random_streams
from zones.world.columns import ALIVE
from zones.world.grid import nearest
from zones.world.numba_setup import kernel, njit, prange

BLOCK: Final = 1024
"""Slots handled together; also the neighbourhood in memory that a newborn is put into."""
WANDER_SHIFT: Final = 6
"""A Molbot that senses nothing keeps a heading for 2**6 ticks."""
NOTHING: Final = -1

_FRICTION: Final = parameters.FRICTION
_SENSE_RADIUS: Final = parameters.SENSE_RADIUS
_SPEED_MAX: Final = parameters.SPEED_MAX
_EAT_REACH: Final = parameters.EAT_REACH
_COST_BASE: Final = parameters.COST_BASE
_COST_SPEED: Final = parameters.COST_SPEED
_WANDER: Final = random_streams.WANDER
_draw_signed = random_streams.draw_signed


@njit
def _bounce(place: Any, speed: Any, side: Any) -> Any:
    """Return place and speed after a step, turned back at the walls 0 and `side`."""
    if place < 0:
        return np.float32(0.0), -speed
    if place > side:
        return side, -speed
    return place, speed


@njit
def _behave_range(
    lo: Any, hi: Any, old: Any, new: Any, ids: Any, places: Any, index: Any, shape: Any,
    size: Any, rules: Any, wander_key: Any, intent: Any,
) -> None:  # fmt: skip
    x, y, vx, vy, energy, age, state = old
    new_x, new_y, new_vx, new_vy, new_energy, new_age, new_state = new
    starts, store_x, store_y, store_place, _ = index
    place_x, place_y = places
    radius = np.float32(rules[_SENSE_RADIUS])
    speed_max = np.float32(rules[_SPEED_MAX])
    reach2 = np.float32(rules[_EAT_REACH]) ** 2
    kept = np.float32(rules[_FRICTION])
    taken = np.float32(1.0) - kept
    cost_base = np.float32(rules[_COST_BASE])
    cost_speed = np.float32(rules[_COST_SPEED])
    for i in range(lo, hi):
        new_state[i] = state[i]
        intent[i] = NOTHING
        if state[i] != ALIVE:
            continue
        px = x[i]
        py = y[i]
        food, d2 = nearest(px, py, radius, shape, starts, store_x, store_y, store_place)
        if food >= 0:
            distance = np.sqrt(d2)
            # Never faster than what reaches the food in one tick: no overshooting.
            scale = np.float32(0.0)
            if distance > 0:
                scale = min(speed_max, distance) / distance
            want_x = (place_x[food] - px) * scale
            want_y = (place_y[food] - py) * scale
            if d2 <= reach2:
                intent[i] = food
        else:
            half = speed_max * np.float32(0.7)
            want_x = half * _draw_signed(wander_key, ids[i], _WANDER, 0)
            want_y = half * _draw_signed(wander_key, ids[i], _WANDER, 1)
        sx = vx[i] * kept + want_x * taken
        sy = vy[i] * kept + want_y * taken
        new_energy[i] = energy[i] - cost_base - cost_speed * (sx * sx + sy * sy)
        new_age[i] = age[i] + 1
        px, sx = _bounce(px + sx, sx, size[0])
        py, sy = _bounce(py + sy, sy, size[1])
        new_x[i] = px
        new_y[i] = py
        new_vx[i] = sx
        new_vy[i] = sy


@kernel
def behave(
    parallel: Any, old: Any, new: Any, ids: Any, places: Any, index: Any, shape: Any,
    size: Any, rules: Any, wander_key: Any, intent: Any,
) -> None:  # fmt: skip
    """Move every living Molbot by one tick and note what it would eat.

    Args:
        parallel: spread blocks of slots over threads; the same result either way.
        old, new: (x, y, vx, vy, energy, age, state) of buffers A and B; `new` is written.
        ids: id by slot.
        places: (x, y) of all places.
        index, shape: of the ripe places, see `grid.nearest`.
        size: float32 (width, height).
        rules: the parameters, float64.
        wander_key: random key of the current stretch of wandering.
        intent: int32 by slot, written: place it would eat from, or NOTHING.
    """
    slots = len(ids)
    if parallel:
        for block in prange((slots + BLOCK - 1) // BLOCK):
            _behave_range(
                block * BLOCK, min(slots, (block + 1) * BLOCK), old, new, ids, places, index,
                shape, size, rules, wander_key, intent,
            )  # fmt: skip
    else:
        _behave_range(
            0, slots, old, new, ids, places, index, shape, size, rules, wander_key, intent
        )
