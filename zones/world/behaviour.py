"""What each Molbot does by itself in a tick: sense, steer, move, pay, and say what it would eat.

Owns: the per-Molbot arithmetic of sensing, moving and metabolism. Does not own: who gets the food
(`feeding.py`), births and deaths (`lifecycle.py`), what touching does (`bodies.py`). Reads buffer
A, writes buffer B and `Intent`; every index only its own row, so any number of threads gives the
same bits.

The world has walls: nothing is sensed or walked through an edge (a torus was considered: its seam
would have to be in every distance, and in every picture). Drag is a mix of the old velocity and
the wanted one. Gravity pulls down the slope of the land; what costs energy is the wanted speed, so
that going uphill is slow, and going downhill is free.

Upkeep grows with mass^(3/4): M. Kleiber, "Body size and metabolism", Hilgardia 6 (1932). Mass is
size squared, so that is size^(3/2). Drag costs by the square of the speed.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from zones.world import genes, parameters, random_streams
from zones.world.bodies import touch
from zones.world.columns import ALIVE, F32, F64, I32
from zones.world.genes import factor, pace
from zones.world.grid import nearest
from zones.world.numba_setup import kernel, njit, prange

BLOCK: Final = 1024
"""Slots handled together; also the neighbourhood in memory that a newborn is put into."""
WANDER_SHIFT: Final = 6
"""A Molbot that senses nothing keeps a heading for 2**6 ticks."""
NOTHING: Final = -1
WORN_OUT: Final = np.float32(-1.0)
"""Instead of the energy to bear at: it dies of age."""
SPEED_LIMIT: Final = 100.0
"""Length per tick in each direction; no parameters drive anyone faster, so nothing overflows."""

_FRICTION: Final = parameters.FRICTION
_SENSE_RADIUS: Final = parameters.SENSE_RADIUS
_SPEED_MAX: Final = parameters.SPEED_MAX
_EAT_REACH: Final = parameters.EAT_REACH
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
_WANDER: Final = random_streams.WANDER
_LIFESPAN: Final = random_streams.LIFESPAN
_draw_signed = random_streams.draw_signed
_draw_unit = random_streams.draw_unit


class Intent(NamedTuple):
    """What the later phases need of each Molbot, by slot; written anew in each tick.

    Args:
        eats: int32, the place it would eat from, or NOTHING.
        want_x, want_y: float32, the velocity it wants.
        bears_at: float32, the energy from which it bears now (inf: too young), or WORN_OUT.
        hurt: float32, energy that collisions took in this tick.
        spent: float64 by block, energy that upkeep, moving and collisions took.
    """

    eats: I32
    want_x: F32
    want_y: F32
    bears_at: F32
    hurt: F32
    spent: F64


def farthest_sight(rules: Any, sight: float) -> float:
    """Return the farthest that any Molbot can notice food in a tick of this sight, as length."""
    span = 1.0 + 0.5 * float(rules[_GENE_EFFECT])
    return float(rules[_SENSE_RADIUS]) * sight * span * float(np.sqrt(span))


@njit
def _bounce(place: Any, speed: Any, side: Any) -> Any:
    """Return place and speed after a step, turned back at the walls 0 and `side`."""
    if place < 0:
        return np.float32(0.0), -speed
    if place > side:
        return side, -speed
    return place, speed


@njit
def _stride(distance: Any, speed_max: Any) -> Any:
    """Return the share of a way to go in one tick: never more of it than there is."""
    return min(speed_max, distance) / distance if distance > 0 else np.float32(0.0)


@njit
def _limit(speed: Any) -> Any:
    return min(max(speed, np.float32(-SPEED_LIMIT)), np.float32(SPEED_LIMIT))


@njit
def _upkeep(dna: Any, i: Any, temperature: Any, rules: Any, effect: Any) -> Any:
    """Return energy per tick for being alive at a place of this temperature."""
    base = np.float32(rules[_COST_BASE])
    by_temperature = np.float32(rules[_COST_TEMPERATURE])
    by_senses = np.float32(rules[_COST_SENSES])
    by_longevity = np.float32(rules[_COST_LONGEVITY])
    size = factor(dna[i, genes.SIZE], effect)
    burn = pace(dna[i, genes.METABOLISM], effect) * size * np.sqrt(size)
    senses = factor(dna[i, genes.SENSES], effect)
    made_for = np.float32(genes.WARMEST) * (
        np.float32(0.5) + effect * (dna[i, genes.WARMTH] - np.float32(0.5))
    )
    off = (temperature - made_for) * np.float32(0.1)
    stress = np.float32(1.0) + by_temperature * off * off
    lasting = np.float32(1.0) + by_longevity * (
        factor(dna[i, genes.LONGEVITY], effect) - np.float32(1.0)
    )
    return base * burn * stress * lasting + by_senses * senses * senses


@njit
def _bears_at(
    dna: Any, i: Any, age: Any, number: Any, rules: Any, effect: Any, fixed_key: Any
) -> Any:
    """Return the energy from which a Molbot of this age bears, or WORN_OUT."""
    birth_energy = np.float32(rules[_BIRTH_ENERGY])
    birth_age = np.float32(rules[_BIRTH_AGE])
    age_max = np.float32(rules[_AGE_MAX])
    shortest = np.float32(rules[_LIFESPAN_SHORTEST])
    lived = np.float32(age)
    longest = age_max * factor(dna[i, genes.LONGEVITY], effect)
    surely = longest * shortest
    if lived > surely and lived > surely + (longest - surely) * _draw_unit(
        fixed_key, number, _LIFESPAN, 0
    ):
        return WORN_OUT
    if lived * factor(dna[i, genes.METABOLISM], effect) < birth_age:
        return np.float32(np.inf)
    later = np.float32(1.4) - np.float32(0.4) * factor(dna[i, genes.FERTILITY], effect)
    return birth_energy * factor(dna[i, genes.SIZE], effect) * later


@njit
def _sense_block(
    lo: Any, hi: Any, old: Any, body: Any, places: Any, index: Any, shape: Any, sight: Any,
    rules: Any, wander_key: Any, intent: Any,
) -> None:  # fmt: skip
    """Write where each wants to go, by the nearest food or a whim, and what it would eat."""
    x, y, _, _, _, _, state = old
    ids, dna, radius = body
    place_x, place_y = places
    starts, store_x, store_y, store_place, _ = index
    eats, want_x, want_y, _, _, _ = intent
    effect = np.float32(rules[_GENE_EFFECT])
    senses = np.float32(rules[_SENSE_RADIUS]) * sight
    speed_limit = np.float32(rules[_SPEED_MAX])
    reach = np.float32(rules[_EAT_REACH])
    for i in range(lo, hi):
        eats[i] = NOTHING
        if state[i] != ALIVE:
            continue
        root = np.sqrt(factor(dna[i, genes.SIZE], effect))
        lively = pace(dna[i, genes.METABOLISM], effect)
        speed_max = speed_limit * root * factor(dna[i, genes.SPEED], effect) * lively
        far = senses * factor(dna[i, genes.SENSES], effect) * root
        found, d2 = nearest(x[i], y[i], far, shape, starts, store_x, store_y, store_place)
        if found >= 0:
            distance = np.sqrt(d2)
            scale = _stride(distance, speed_max)
            want_x[i] = (place_x[found] - x[i]) * scale
            want_y[i] = (place_y[found] - y[i]) * scale
            if distance <= reach + radius[i]:
                eats[i] = found
        else:
            half = speed_max * np.float32(0.7)
            want_x[i] = half * _draw_signed(wander_key, ids[i], _WANDER, 0)
            want_y[i] = half * _draw_signed(wander_key, ids[i], _WANDER, 1)


@njit
def _touch_block(
    lo: Any, hi: Any, old: Any, new: Any, body: Any, crowd: Any, crowd_shape: Any, largest: Any,
    rules: Any, intent: Any,
) -> None:  # fmt: skip
    """Write what touching others adds to each one's velocity, into that of B, and its hurt."""
    x, y, vx, vy, _, _, state = old
    _, _, new_vx, new_vy, _, _, _ = new
    _, _, radius = body
    hurt = intent[4]
    for i in range(lo, hi):
        new_vx[i] = np.float32(0.0)
        new_vy[i] = np.float32(0.0)
        hurt[i] = np.float32(0.0)
        if largest > 0 and state[i] == ALIVE:
            here = (x[i], y[i])
            gain_x, gain_y, damage = touch(
                i, here, vx, vy, radius, crowd, crowd_shape, largest, rules
            )
            new_vx[i] = gain_x
            new_vy[i] = gain_y
            hurt[i] = damage


@njit
def _move_block(
    lo: Any, hi: Any, old: Any, new: Any, body: Any, land: Any, land_shape: Any, temperature: Any,
    rules: Any, fixed_key: Any, intent: Any,
) -> Any:  # fmt: skip
    """Move each as it wants, is drawn and is pushed; let it pay and age. Return what was spent."""
    x, y, vx, vy, energy, age, state = old
    new_x, new_y, new_vx, new_vy, new_energy, new_age, new_state = new
    ids, dna, _ = body
    ground, size = land
    ground_cell, ground_cols, ground_rows = land_shape
    _, want_x, want_y, bears_at, hurt, _ = intent
    effect = np.float32(rules[_GENE_EFFECT])
    kept = np.float32(rules[_FRICTION])
    taken = np.float32(1.0) - kept
    pull = np.float32(rules[_GRAVITY])
    drag = np.float32(rules[_COST_SPEED])
    per_cell = np.float32(1.0) / ground_cell
    spent = 0.0
    for i in range(lo, hi):
        new_state[i] = state[i]
        if state[i] != ALIVE:
            continue
        col = min(np.int64(x[i] * per_cell), ground_cols - 1)
        row = min(np.int64(y[i] * per_cell), ground_rows - 1)
        at = row * ground_cols + col
        sx = _limit(vx[i] * kept + want_x[i] * taken - pull * ground[at, 0] + new_vx[i])
        sy = _limit(vy[i] * kept + want_y[i] * taken - pull * ground[at, 1] + new_vy[i])
        effort = want_x[i] * want_x[i] + want_y[i] * want_y[i]
        cost = _upkeep(dna, i, temperature + ground[at, 2], rules, effect)
        cost += drag * factor(dna[i, genes.SIZE], effect) * effort + hurt[i]
        left = energy[i] - cost
        spent += np.float64(energy[i]) - np.float64(left)
        new_energy[i] = left
        new_age[i] = age[i] + 1
        bears_at[i] = _bears_at(dna, i, age[i] + 1, ids[i], rules, effect, fixed_key)
        new_x[i], new_vx[i] = _bounce(x[i] + sx, sx, size[0])
        new_y[i], new_vy[i] = _bounce(y[i] + sy, sy, size[1])
    return spent


@njit
def _behave_block(
    block: Any, old: Any, new: Any, body: Any, places: Any, index: Any, shape: Any, crowd: Any,
    crowd_shape: Any, land: Any, land_shape: Any, air: Any, rules: Any, keys: Any, intent: Any,
) -> None:  # fmt: skip
    """Three loops over one block, which stays in the cache: each is shorter than one of all."""
    temperature, sight, largest = air
    wander_key, fixed_key = keys
    lo, hi = block * BLOCK, min(len(body[0]), (block + 1) * BLOCK)
    _sense_block(lo, hi, old, body, places, index, shape, sight, rules, wander_key, intent)
    _touch_block(lo, hi, old, new, body, crowd, crowd_shape, largest, rules, intent)
    intent[5][block] = _move_block(
        lo, hi, old, new, body, land, land_shape, temperature, rules, fixed_key, intent
    )


@kernel
def behave(
    parallel: Any, old: Any, new: Any, body: Any, places: Any, index: Any, shape: Any, crowd: Any,
    crowd_shape: Any, land: Any, land_shape: Any, air: Any, rules: Any, keys: Any, intent: Any,
) -> None:  # fmt: skip
    """Move every living Molbot by one tick and note what it would eat.

    Args:
        parallel: spread blocks of slots over threads; the same result either way.
        old, new: (x, y, vx, vy, energy, age, state) of buffers A and B; `new` is written.
        body: (id, dna, radius) by slot.
        places: (x, y) of all places.
        index, shape: of the ripe places, see `grid.nearest`.
        crowd, crowd_shape: of the living, from `index_crowd`.
        land: (float32 (cells, 4) from `ground.slopes`, float32 (width, height) of the world).
        land_shape: (float32 side of a ground cell, columns, rows).
        air: float32 (temperature, sight, largest radius; 0: nobody has a body).
        rules: the parameters, float64.
        keys: random keys of the current stretch of wandering, and of draws for a whole life.
        intent: an `Intent`; written.
    """
    blocks = len(intent[5])
    if parallel:
        for block in prange(blocks):
            _behave_block(
                block, old, new, body, places, index, shape, crowd, crowd_shape, land, land_shape,
                air, rules, keys, intent,
            )  # fmt: skip
    else:
        for block in range(blocks):
            _behave_block(
                block, old, new, body, places, index, shape, crowd, crowd_shape, land, land_shape,
                air, rules, keys, intent,
            )  # fmt: skip
