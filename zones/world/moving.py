"""Moving, paying for it, and growing older.

Owns: drag, gravity, walls, upkeep, and the age and energy at which one bears or dies. Does not
own: where one wants to go (`senses.py`), who dies and who bears (`lifecycle.py`).

Drag is a mix of the old velocity and the wanted one. Gravity pulls down the slope of the land;
what costs energy is the wanted speed, so that going uphill is slow, and going downhill is free.

Upkeep grows with mass^(3/4): M. Kleiber, "Body size and metabolism", Hilgardia 6 (1932). Mass is
size squared, so that is size^(3/2). Drag costs by the square of the speed.
"""

from typing import Any, Final

import numpy as np

from zones.runtime import random_streams
from zones.runtime.numba_setup import njit
from zones.world import genes, parameters
from zones.world.blocks import (
    FEW,
    LIVING,
    PUSH_X,
    PUSH_Y,
    SLOPE_X,
    SLOPE_Y,
    SURELY,
    WANT_X,
    WANT_Y,
    WARMTH,
)
from zones.world.genes import factor

WORN_OUT: Final = np.float32(-1.0)
"""Instead of the energy to bear at: it dies of age."""
SPEED_LIMIT: Final = 100.0
"""Length per tick in each direction; no parameters drive anyone faster, so nothing overflows."""

_FRICTION: Final = parameters.FRICTION
_COST_BASE: Final = parameters.COST_BASE
_COST_SPEED: Final = parameters.COST_SPEED
_COST_TEMPERATURE: Final = parameters.COST_TEMPERATURE
_COST_SENSES: Final = parameters.COST_SENSES
_COST_LONGEVITY: Final = parameters.COST_LONGEVITY
_GRAVITY: Final = parameters.GRAVITY
_GENE_EFFECT: Final = parameters.GENE_EFFECT
_BIRTH_ENERGY: Final = parameters.BIRTH_ENERGY
_BIRTH_AGE: Final = parameters.BIRTH_AGE
_AGE_MAX: Final = parameters.AGE_MAX
_LIFESPAN_SHORTEST: Final = parameters.LIFESPAN_SHORTEST
_LIFESPAN: Final = random_streams.LIFESPAN
_draw_unit = random_streams.draw_unit


@njit
def _limit(speed: Any) -> Any:
    return min(max(speed, np.float32(-SPEED_LIMIT)), np.float32(SPEED_LIMIT))


@njit
def read_ground(
    count: Any, x: Any, y: Any, ground: Any, shape: Any, lists: Any, columns: Any
) -> None:
    """Write slope and warmth of the ground under each of the living of a block."""
    living = lists[LIVING]
    slope_x, slope_y, warmth = columns[SLOPE_X], columns[SLOPE_Y], columns[WARMTH]
    cell, cols, rows = shape
    per_cell = np.float32(1.0) / cell
    last_col, last_row, wide = np.int32(cols - 1), np.int32(rows - 1), np.int32(cols)
    for k in range(count):
        i = np.uint32(living[k])
        col = min(np.int32(x[i] * per_cell), last_col)
        row = min(np.int32(y[i] * per_cell), last_row)
        at = np.uint32(row * wide + col)
        slope_x[i] = ground[at, 0]
        slope_y[i] = ground[at, 1]
        warmth[i] = ground[at, 2]


@njit
def walk(old: Any, new: Any, size: Any, rules: Any, columns: Any) -> None:
    """Move each of a block as it wants, is drawn and is pushed, and turn it back at the walls.

    Args:
        old, new: (x, y, vx, vy) of the block; `new` is written.
    """
    x, y, vx, vy = old
    new_x, new_y, new_vx, new_vy = new
    want_x, want_y = columns[WANT_X], columns[WANT_Y]
    push_x, push_y = columns[PUSH_X], columns[PUSH_Y]
    slope_x, slope_y = columns[SLOPE_X], columns[SLOPE_Y]
    _walk_axis(x, vx, want_x, slope_x, push_x, size[0], rules, new_x, new_vx)
    _walk_axis(y, vy, want_y, slope_y, push_y, size[1], rules, new_y, new_vy)


@njit
def _walk_axis(
    place: Any, speed: Any, want: Any, slope: Any, push: Any, side: Any, rules: Any,
    new_place: Any, new_speed: Any,
) -> None:  # fmt: skip
    kept = np.float32(rules[_FRICTION])
    taken = np.float32(1.0) - kept
    pull = np.float32(rules[_GRAVITY])
    zero = np.float32(0.0)
    for i in range(len(place)):
        step = _limit(speed[i] * kept + want[i] * taken - pull * slope[i] + push[i])
        there = place[i] + step
        new_place[i] = zero if there < zero else (side if there > side else there)
        new_speed[i] = -step if (there < zero) | (there > side) else step


@njit
def _upkeep(dna: Any, i: Any, temperature: Any, rules: Any, effect: Any) -> Any:
    """Return energy per tick for being alive at a place of this temperature."""
    base = np.float32(rules[_COST_BASE])
    by_temperature = np.float32(rules[_COST_TEMPERATURE])
    by_senses = np.float32(rules[_COST_SENSES])
    by_longevity = np.float32(rules[_COST_LONGEVITY])
    size = factor(dna[genes.SIZE][i], effect)
    burn = factor(dna[genes.METABOLISM][i], effect) * size * np.sqrt(size)
    senses = factor(dna[genes.SENSES][i], effect)
    made_for = np.float32(genes.WARMEST) * (
        np.float32(0.5) + effect * (dna[genes.WARMTH][i] - np.float32(0.5))
    )
    off = (temperature - made_for) * np.float32(0.1)
    stress = np.float32(1.0) + by_temperature * off * off
    lasting = np.float32(1.0) + by_longevity * (
        factor(dna[genes.LONGEVITY][i], effect) - np.float32(1.0)
    )
    return base * burn * stress * lasting + by_senses * senses * senses


@njit
def pay(
    energy: Any, new_energy: Any, hurt: Any, dna: Any, temperature: Any, rules: Any, columns: Any
) -> None:
    """Take from each of a block what living, moving and collisions cost."""
    want_x, want_y, warmth = columns[WANT_X], columns[WANT_Y], columns[WARMTH]
    effect = np.float32(rules[_GENE_EFFECT])
    drag = np.float32(rules[_COST_SPEED])
    for i in range(len(energy)):
        effort = want_x[i] * want_x[i] + want_y[i] * want_y[i]
        cost = _upkeep(dna, i, temperature + warmth[i], rules, effect)
        cost += drag * factor(dna[genes.SIZE][i], effect) * effort + hurt[i]
        new_energy[i] = energy[i] - cost


@njit
def sum_spent(count: Any, energy: Any, new_energy: Any, lists: Any) -> Any:
    """Return what the living of a block have paid, added up in slot order."""
    living = lists[LIVING]
    spent = 0.0
    for k in range(count):
        i = np.uint32(living[k])
        spent += np.float64(energy[i]) - np.float64(new_energy[i])
    return spent


@njit
def grow_older(
    count: Any, age: Any, new_age: Any, dna: Any, ids: Any, rules: Any, fixed_key: Any, lists: Any,
    columns: Any, bears_at: Any,
) -> None:  # fmt: skip
    """Let a block age by a tick; write the energy from which each bears, or WORN_OUT."""
    living, old, surely = lists[LIVING], lists[FEW], columns[SURELY]
    effect = np.float32(rules[_GENE_EFFECT])
    birth_energy = np.float32(rules[_BIRTH_ENERGY])
    birth_age = np.float32(rules[_BIRTH_AGE])
    age_max = np.float32(rules[_AGE_MAX])
    shortest = np.float32(rules[_LIFESPAN_SHORTEST])
    for i in range(len(age)):
        new_age[i] = age[i] + np.int32(1)
        lived = np.float32(new_age[i])
        surely[i] = age_max * factor(dna[genes.LONGEVITY][i], effect) * shortest
        later = np.float32(1.4) - np.float32(0.4) * factor(dna[genes.FERTILITY][i], effect)
        grown = birth_energy * factor(dna[genes.SIZE][i], effect) * later
        young = lived * factor(dna[genes.METABOLISM][i], effect) < birth_age
        bears_at[i] = np.float32(np.inf) if young else grown
    few = np.uint32(0)
    for k in range(count):
        one = np.uint32(living[k])
        old[few] = one
        few += np.uint32(np.float32(new_age[one]) > surely[one])
    for k in range(few):
        one = np.uint32(old[k])
        longest = age_max * factor(dna[genes.LONGEVITY][one], effect)
        luck = (longest - surely[one]) * _draw_unit(fixed_key, ids[one], _LIFESPAN, 0)
        if np.float32(new_age[one]) > surely[one] + luck:
            bears_at[one] = WORN_OUT
