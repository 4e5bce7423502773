"""Where each Molbot wants to go: to the nearest food it notices, or by a whim.

Owns: sight, speed and steering, and who would eat where. Does not own: the search (`grid.py`), who
gets the food (`feeding.py`), what becomes of the wish to move (`moving.py`).
"""

from typing import Any, Final

import numpy as np

from zones.runtime import random_streams
from zones.runtime.numba_setup import njit
from zones.world import genes, parameters
from zones.world.blocks import DISTANCE2, FAR, FEW, FOUND, LIVING, SPEED_MAX, WANT_X, WANT_Y
from zones.world.genes import factor, pace
from zones.world.grid import nearest

WANDER_SHIFT: Final = 6
"""A Molbot that senses nothing keeps a heading for 2**6 ticks."""
NOTHING: Final = -1

_SENSE_RADIUS: Final = parameters.SENSE_RADIUS
_SPEED_MAX: Final = parameters.SPEED_MAX
_EAT_REACH: Final = parameters.EAT_REACH
_GENE_EFFECT: Final = parameters.GENE_EFFECT
_WANDER: Final = random_streams.WANDER
_draw_signed = random_streams.draw_signed


def farthest_sight(rules: Any, sight: float) -> float:
    """Return the farthest that any Molbot can notice food in a tick of this sight, as length."""
    span = 1.0 + 0.5 * float(rules[_GENE_EFFECT])
    return float(rules[_SENSE_RADIUS]) * sight * span * float(np.sqrt(span))


@njit
def _stride(distance: Any, speed_max: Any) -> Any:
    """Return the share of a way to go in one tick: never more of it than there is."""
    return min(speed_max, distance) / distance if distance > 0 else np.float32(0.0)


@njit
def measure_sight(dna: Any, sight: Any, rules: Any, columns: Any) -> None:
    """Write how far each of a block sees and how fast it goes."""
    speed_max, far = columns[SPEED_MAX], columns[FAR]
    effect = np.float32(rules[_GENE_EFFECT])
    senses = np.float32(rules[_SENSE_RADIUS]) * sight
    speed_limit = np.float32(rules[_SPEED_MAX])
    for i in range(len(dna[0])):
        root = np.sqrt(factor(dna[genes.SIZE][i], effect))
        lively = pace(dna[genes.METABOLISM][i], effect)
        speed_max[i] = speed_limit * root * factor(dna[genes.SPEED][i], effect) * lively
        far[i] = senses * factor(dna[genes.SENSES][i], effect) * root


@njit
def find_food(count: Any, x: Any, y: Any, index: Any, shape: Any, lists: Any, columns: Any) -> None:
    """Write the nearest food that each of the living notices."""
    starts, store_x, store_y, store_place, _ = index
    living, found = lists[LIVING], lists[FOUND]
    far, distance2 = columns[FAR], columns[DISTANCE2]
    for k in range(count):
        i = np.uint32(living[k])
        food, d2 = nearest(x[i], y[i], far[i], shape, starts, store_x, store_y, store_place)
        found[k] = food
        distance2[k] = d2


@njit
def steer(
    count: Any, first: Any, x: Any, y: Any, radius: Any, ids: Any, places: Any, wander_key: Any,
    rules: Any, lists: Any, columns: Any, eaters: Any, eats: Any,
) -> Any:  # fmt: skip
    """Write the velocity each of the living wants; list who would eat what, return how many.

    Args:
        first: slot that the block begins with.
        eaters, eats: int32, written: slots and what they would eat from.
    """
    place_x, place_y = places
    living, found, lost = lists[LIVING], lists[FOUND], lists[FEW]
    want_x, want_y, speed_max = columns[WANT_X], columns[WANT_Y], columns[SPEED_MAX]
    distance2 = columns[DISTANCE2]
    reach = np.float32(rules[_EAT_REACH])
    eating = np.uint32(0)
    losses = np.uint32(0)
    for k in range(count):
        i = np.uint32(living[k])
        food = found[k]
        at = np.uint32(max(food, np.int32(0)))
        distance = np.sqrt(distance2[k])
        scale = _stride(distance, speed_max[i])
        want_x[i] = (place_x[at] - x[i]) * scale
        want_y[i] = (place_y[at] - y[i]) * scale
        eaters[eating] = first + i
        eats[eating] = food
        eating += np.uint32((food >= 0) & (distance <= reach + radius[i]))
        lost[losses] = i
        losses += np.uint32(food < 0)
    for k in range(losses):
        i = np.uint32(lost[k])
        half = speed_max[i] * np.float32(0.7)
        want_x[i] = half * _draw_signed(wander_key, ids[i], _WANDER, 0)
        want_y[i] = half * _draw_signed(wander_key, ids[i], _WANDER, 1)
    return eating
