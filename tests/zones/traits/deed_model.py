"""The rules of stores, moves and meals in plain Python, word for word from `contract.py`.

Each tier has them in a form of its own, for speed; this is what both are held against
(`test_deeds.py`). Numbers of fields are values of float32.
"""

import math
import struct

from zones.traits import contract


def f32(value: float) -> float:
    """Round to float32, to nearest."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def store_between(value: float, now: float, low: float, high: float) -> tuple[float, int]:
    """Store to vx, vy, max_energy or radius."""
    if math.isnan(value):
        return now, contract.CLIPPED_NAN
    if not low <= value <= high:
        return (low if value < low else high), contract.CLIPPED_RANGE
    return f32(value), 0


def store_energy(value: float, now: float, ceiling: float) -> tuple[float, int]:
    """Store to energy."""
    if math.isnan(value):
        return now, contract.CLIPPED_NAN
    if value < 0:
        return 0.0, 0
    if value > ceiling:
        return ceiling, contract.CLIPPED_ENERGY
    return f32(value), 0


def move(x, y, energy, ceiling, moved2, dx, dy, width, height, speed2, cost_speed):  # type: ignore[no-untyped-def]
    """Move by (dx, dy)."""
    d2 = dx * dx + dy * dy
    if not math.isfinite(d2):
        return x, y, energy, ceiling, moved2, contract.CLIPPED_NAN
    left2 = max(speed2 - moved2, 0.0)
    if d2 > left2:
        scale = math.sqrt(left2 / d2)
        dx, dy, d2 = dx * scale, dy * scale, left2
    cost = cost_speed * d2
    return (
        f32(min(max(x + dx, 0.0), width)),
        f32(min(max(y + dy, 0.0), height)),
        f32(max(energy - cost, 0.0)),
        f32(max(ceiling - cost, 0.0)),
        moved2 + d2,
        0,
    )


def offer(amount, bite, there, energy, max_energy, wanted):  # type: ignore[no-untyped-def]
    """Return (what eat returns, wanted)."""
    offered = min(amount, bite - wanted, there - wanted, max_energy - energy - wanted)
    if offered <= 0:
        return 0.0, wanted
    return offered, f32(wanted + offered)


def eat(stage, place, wanted, amount, x, y, radius, energy, max_energy):  # type: ignore[no-untyped-def]
    """Return (what eat returns, place, wanted, status)."""
    if math.isnan(amount):
        return 0.0, place, wanted, contract.CLIPPED_NAN
    if not math.isfinite(amount) or amount < 0:
        return 0.0, place, wanted, contract.CLIPPED_RANGE
    if place < 0:
        reach = stage.real("eat_reach") + radius
        near = [
            (dx * dx + dy * dy, number)
            for number in stage.ripe
            for dx, dy in [(stage.place_at(number)[0] - x, stage.place_at(number)[1] - y)]
            if dx * dx + dy * dy <= reach * reach
        ]
        if not near:
            return 0.0, -1, wanted, 0
        place = min(near)[1]
    there = float(stage.arrays["food_amount"][place])
    offered, wanted = offer(amount, stage.real("eat_bite"), there, energy, max_energy, wanted)
    return offered, place, wanted, 0
