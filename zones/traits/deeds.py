"""What a trait does to its entity: stores, moves, meals, as `contract.py` says.

Owns: these rules for compiled code. Does not own: the words of the rules (`contract.py`), keeping
a call that fails without effect (each tier), settling meals (`zones/world`). Python has the same
formulas in its proxy: only + - * / sqrt, comparisons and rounding to float32, so that the bits
are the same; the tests hold them beside each other.

All numbers are float64; those of a field are values of float32. Status: 0, or why it was clipped.
"""

from typing import Any, Final

import numpy as np

from zones.runtime.numba_setup import inlined
from zones.traits import contract
from zones.traits.in_place import isfinite, sqrt
from zones.traits.machine import load_f32
from zones.traits.neighbours import nearest_food

_SPEED_LIMIT: Final = contract.SPEED_LIMIT
_RANGE: Final = contract.CLIPPED_RANGE
_ENERGY: Final = contract.CLIPPED_ENERGY
_NAN: Final = contract.CLIPPED_NAN


@inlined
def stored(value: Any) -> Any:
    """Return what a field of float32 holds after a store, as float64."""
    return np.float64(np.float32(value))


@inlined
def store_between(value: Any, now: Any, low: Any, high: Any) -> Any:
    """Return (what is stored, status) for a field with limits; `now` is what it holds.

    vx and vy: -SPEED_LIMIT, SPEED_LIMIT. max_energy: the energy it has, the limit of the scene.
    radius: 0, the limit of the scene.
    """
    if value < low:
        return low, _RANGE
    if value > high:
        return high, _RANGE
    if value != value:
        return now, _NAN
    return np.float64(np.float32(value)), 0


@inlined
def store_energy(value: Any, now: Any, ceiling: Any) -> Any:
    """Return (energy, status); `now` is what it holds."""
    if value < 0.0:
        return 0.0, 0
    if value > ceiling:
        return ceiling, _ENERGY
    if value != value:
        return now, _NAN
    return np.float64(np.float32(value)), 0


@inlined
def move(
    x: Any, y: Any, energy: Any, ceiling: Any, moved2: Any, dx: Any, dy: Any,
    width: Any, height: Any, speed2: Any, cost_speed: Any,
) -> Any:  # fmt: skip
    """Return (x, y, energy, ceiling, moved2, status).

    Args:
        moved2: square of what it has moved in this tick, over all moves and traits a sum.
        speed2: Scene.speed_max**2.
    """
    d2 = dx * dx + dy * dy
    if not isfinite(d2):
        return x, y, energy, ceiling, moved2, _NAN
    left2 = max(speed2 - moved2, 0.0)
    if d2 > left2:
        scale = sqrt(left2 / d2)[0]
        dx *= scale
        dy *= scale
        d2 = left2
    cost = cost_speed * d2
    return (
        np.float64(np.float32(min(max(x + dx, 0.0), width))),
        np.float64(np.float32(min(max(y + dy, 0.0), height))),
        np.float64(np.float32(max(energy - cost, 0.0))),
        np.float64(np.float32(max(ceiling - cost, 0.0))),
        moved2 + d2,
        0,
    )


@inlined
def choose_place(table: Any, place: Any, x: Any, y: Any, radius: Any, eat_reach: Any) -> Any:
    """Return the place that it eats from in this tick, -1 for none in reach.

    Args:
        place: what an earlier call of the tick chose, else -1.
    """
    return place if place >= 0 else nearest_food(table, x, y, eat_reach + radius)


@inlined
def judge_amount(amount: Any) -> Any:
    """Return the status of an amount to eat: 0 where it is one, else eat returns 0.0."""
    if amount != amount:
        return _NAN
    return 0 if isfinite(amount) and amount >= 0.0 else _RANGE


@inlined
def offer(amount: Any, bite: Any, there: Any, energy: Any, max_energy: Any, wanted: Any) -> Any:
    """Return (what eat returns, wanted) where a place is in reach and the amount is one.

    Args:
        bite: Scene.eat_bite.
        there: committed amount of the place.
    """
    offered = min(amount, bite - wanted, there - wanted, max_energy - energy - wanted)
    if not offered > 0.0:
        return 0.0, wanted
    return offered, np.float64(np.float32(wanted + offered))


@inlined
def eat(
    table: Any, amounts: Any, place: Any, wanted: Any, amount: Any, x: Any, y: Any, radius: Any,
    energy: Any, max_energy: Any, eat_reach: Any, bite: Any,
) -> Any:  # fmt: skip
    """Return (what eat returns, place, wanted, status).

    Args:
        table: address of the table.
        amounts: address of the word `food_amount`.
        place, wanted: as earlier calls of this tick left them; -1 and 0.0 at first.
    """
    status = judge_amount(amount)
    if status:
        return 0.0, place, wanted, status
    place = choose_place(table, place, x, y, radius, eat_reach)
    if place < 0:
        return 0.0, place, wanted, 0
    there = load_f32(amounts, place)
    offered, wanted = offer(amount, bite, there, energy, max_energy, wanted)
    return offered, place, wanted, 0
