"""Deaths, births and reseeding.

Owns: who dies of what, who is born where, ids and genes of newborns. Deaths and the wish to bear
are found per block of slots; births are carried out serially, in slot order of the parents, so
ids do not depend on threads.

A newborn takes a slot that was free in buffer A (a slot freed in this tick is never reused in it:
a rerun after a kill must find what the first attempt found), the lowest of its parent's block, or
else of the blocks behind it: neighbours in the world stay neighbours in memory.
"""

from typing import Any, Final

import numpy as np

from Kernel.contract.arena import State
from zones.world import parameters, random_streams
from zones.world.behaviour import BLOCK
from zones.world.columns import ALIVE, FREE, GENES, NO_PARENT
from zones.world.numba_setup import kernel, njit, prange, serial_kernel

LIFESPAN_SHORTEST: Final = 0.75
"""A Molbot lives this share of age_max up to all of it, by its id."""
BIRTH_SHARE: Final = 0.5
"""Share of its energy that a parent gives to its child."""

_BIRTH_ENERGY: Final = parameters.BIRTH_ENERGY
_BIRTH_AGE: Final = parameters.BIRTH_AGE
_BIRTH_SPREAD: Final = parameters.BIRTH_SPREAD
_AGE_MAX: Final = parameters.AGE_MAX
_MUTATION: Final = parameters.MUTATION
_LIFESPAN: Final = random_streams.LIFESPAN
_BIRTH_PLACE: Final = random_streams.BIRTH_PLACE
_MUTATE: Final = random_streams.MUTATION
_SEED_PLACE: Final = random_streams.SEED_PLACE
_GENES: Final = random_streams.GENES
_POPULATION: Final = State.POPULATION >> 3
_NEXT_ID: Final = State.NEXT_ID >> 3
_FREE_COUNT: Final = State.FREE_COUNT >> 3
_BIRTHS: Final = State.BIRTHS >> 3
_SEEDED: Final = State.SEEDED >> 3
_TOUCHED: Final = State.TOUCHED_COUNT >> 3
_STARVATION: Final = State.DEATH_STARVATION >> 3
_OF_AGE: Final = State.DEATH_AGE >> 3
_draw_unit = random_streams.draw_unit
_draw_signed = random_streams.draw_signed


@njit
def _fate_range(
    block: Any, slots: Any, energy: Any, age: Any, state: Any, ids: Any, rules: Any,
    fixed_key: Any, counts: Any, parents: Any,
) -> None:  # fmt: skip
    lo, hi = block * BLOCK, min(slots, (block + 1) * BLOCK)
    age_max = np.float32(rules[_AGE_MAX])
    surely = age_max * np.float32(LIFESPAN_SHORTEST)
    spread = age_max - surely
    birth_energy = np.float32(rules[_BIRTH_ENERGY])
    birth_age = np.int32(rules[_BIRTH_AGE])
    starved = 0
    aged = 0
    bearing = 0
    for i in range(lo, hi):
        if state[i] != ALIVE:
            continue
        if energy[i] <= 0:
            state[i] = FREE
            starved += 1
        elif age[i] > surely and age[i] > surely + spread * _draw_unit(
            fixed_key, ids[i], _LIFESPAN, 0
        ):
            state[i] = FREE
            aged += 1
        elif energy[i] >= birth_energy and age[i] >= birth_age:
            parents[lo + bearing] = i
            bearing += 1
    counts[block, 0] = starved
    counts[block, 1] = aged
    counts[block, 2] = bearing


@kernel
def decide_fates(
    parallel: Any, energy: Any, age: Any, state: Any, ids: Any, rules: Any, fixed_key: Any,
    counts: Any, parents: Any,
) -> None:  # fmt: skip
    """Free the slots of the dead and list who is ready to bear.

    Args:
        energy, age, state: of buffer B; `state` is written.
        fixed_key: random key of draws that hold for a whole life.
        counts: shape (blocks, 3), written: starved, died of age, ready to bear.
        parents: int32 by slot, written: those of block b from b * BLOCK on, in slot order.
    """
    slots = len(ids)
    blocks = (slots + BLOCK - 1) // BLOCK
    if parallel:
        for block in prange(blocks):
            _fate_range(block, slots, energy, age, state, ids, rules, fixed_key, counts, parents)
    else:
        for block in range(blocks):
            _fate_range(block, slots, energy, age, state, ids, rules, fixed_key, counts, parents)


@njit
def _take_slot(wanted_block: Any, old_state: Any, cursors: Any) -> Any:
    """Return a slot that was free in buffer A and is not taken yet, or -1.

    `cursors` holds, for each block, where to look next; a slot is looked at once in a tick.
    """
    slots = len(old_state)
    blocks = len(cursors)
    for step in range(blocks):
        block = wanted_block + step
        if block >= blocks:
            block -= blocks
        end = min(slots, (block + 1) * BLOCK)
        i = cursors[block]
        while i < end and old_state[i] != FREE:
            i += 1
        cursors[block] = i + 1
        if i < end:
            return i
    return -1


@njit
def _clamp(value: Any, high: Any) -> Any:
    return min(max(value, np.float32(0.0)), high)


@njit
def _colour(dna: Any) -> Any:
    """Return 0xRRGGBB of one set of genes, as `founding.colours_of`."""
    colour = np.uint32(0)
    for k in range(3):
        part = np.uint32(np.float32(55.0) + np.float32(200.0) * dna[k])
        colour = np.uint32(colour << np.uint32(8)) | part
    return colour


@njit
def _settle_in(slot: Any, hot: Any, cold: Any, tick: Any, scalars: Any, touched: Any) -> Any:
    """Write what all newcomers have in common, count one, and return its id."""
    _, _, vx, vy, _, age, state = hot
    ids, _, _, _, born_at, _, _, _, _, trait_bits, deactivated_bits, last_fuel = cold
    new_id = scalars[_NEXT_ID]
    vx[slot] = 0
    vy[slot] = 0
    age[slot] = 0
    state[slot] = ALIVE
    ids[slot] = new_id
    born_at[slot] = tick
    trait_bits[slot] = 0
    deactivated_bits[slot] = 0
    last_fuel[slot] = 0
    touched[scalars[_TOUCHED]] = slot
    scalars[_TOUCHED] += 1
    scalars[_NEXT_ID] += 1
    scalars[_POPULATION] += 1
    scalars[_FREE_COUNT] -= 1
    return new_id


@serial_kernel
def give_birth(
    old_state: Any, hot: Any, cold: Any, tick: Any, key: Any, size: Any, rules: Any, counts: Any,
    parents: Any, cursors: Any, scalars: Any, touched: Any,
) -> None:  # fmt: skip
    """Count the dead, then carry out the births, in slot order of the parents.

    Args:
        old_state: of buffer A.
        hot: (x, y, vx, vy, energy, age, state) of buffer B; written.
        cold: COLD columns of buffer B; written in the newborns' slots.
        counts, parents: from `decide_fates`.
        cursors: int64 by block, written: where the search for a free slot stands.
        scalars: state block of buffer B; counters are written.
        touched: list of buffer B; appended to.
    """
    x, y, _, _, energy, _, _ = hot
    _, parent, lineage, generation, _, max_energy, radius, colour, dna, _, _, _ = cold
    room = scalars[_FREE_COUNT]
    dead = 0
    for block in range(len(cursors)):
        cursors[block] = block * BLOCK
        dead += counts[block, 0] + counts[block, 1]
        scalars[_STARVATION] += counts[block, 0]
        scalars[_OF_AGE] += counts[block, 1]
    scalars[_POPULATION] -= dead
    scalars[_FREE_COUNT] += dead
    spread = np.float32(rules[_BIRTH_SPREAD])
    mutation = np.float32(rules[_MUTATION])
    for block in range(len(cursors)):
        for k in range(counts[block, 2]):
            if room == 0:
                return
            room -= 1
            mother = parents[block * BLOCK + k]
            slot = _take_slot(block, old_state, cursors)
            born = _settle_in(slot, hot, cold, tick, scalars, touched)
            given = energy[mother] * np.float32(BIRTH_SHARE)
            energy[mother] -= given
            energy[slot] = given
            x[slot] = _clamp(x[mother] + spread * _draw_signed(key, born, _BIRTH_PLACE, 0), size[0])
            y[slot] = _clamp(y[mother] + spread * _draw_signed(key, born, _BIRTH_PLACE, 1), size[1])
            parent[slot] = cold[0][mother]
            lineage[slot] = lineage[mother]
            generation[slot] = generation[mother] + 1
            max_energy[slot] = max_energy[mother]
            radius[slot] = radius[mother]
            for gene in range(GENES):
                change = mutation * _draw_signed(key, born, _MUTATE, gene)
                dna[slot, gene] = _clamp(dna[mother, gene] + change, np.float32(1.0))
            colour[slot] = _colour(dna[slot])
            scalars[_BIRTHS] += 1


@serial_kernel
def reseed(
    wanted: Any, room: Any, old_state: Any, hot: Any, cold: Any, tick: Any, key: Any, size: Any,
    founder: Any, cursors: Any, scalars: Any, touched: Any,
) -> None:  # fmt: skip
    """Put in up to `wanted` Molbots of generation 0, at random places with random genes.

    Args:
        room: slots that were free in buffer A and are not taken yet.
        founder: float32 (energy, max_energy, radius) of each.
        cursors: as `give_birth` left them.
    """
    x, y, _, _, energy, _, _ = hot
    _, parent, lineage, generation, _, max_energy, radius, colour, dna, _, _, _ = cold
    for _ in range(min(wanted, room)):
        slot = _take_slot(0, old_state, cursors)
        born = _settle_in(slot, hot, cold, tick, scalars, touched)
        x[slot] = size[0] * _draw_unit(key, born, _SEED_PLACE, 0)
        y[slot] = size[1] * _draw_unit(key, born, _SEED_PLACE, 1)
        energy[slot] = founder[0]
        max_energy[slot] = founder[1]
        radius[slot] = founder[2]
        parent[slot] = NO_PARENT
        lineage[slot] = np.uint32(born)
        generation[slot] = 0
        for gene in range(GENES):
            dna[slot, gene] = _draw_unit(key, born, _GENES, gene)
        colour[slot] = _colour(dna[slot])
        scalars[_SEEDED] += 1
