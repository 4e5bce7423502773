"""Deaths, births and reseeding.

Owns: who dies of what, who is born where, ids, genes and lineage of newborns, and the log of all
that (`lineage_log.py` tells of it). Deaths and the wish to bear are found per block of slots;
births are carried out serially, in slot order of the parents, so ids do not depend on threads.

A newborn takes a slot that was free in buffer A (a slot freed in this tick is never reused in it:
a rerun after a kill must find what the first attempt found), the lowest of its parent's block, or
else of the blocks behind it: neighbours in the world stay neighbours in memory.
"""

from typing import Any, Final

import numpy as np

from Kernel.contract.arena import State
from zones.runtime import random_streams
from zones.runtime.numba_setup import kernel, njit, prange, serial_kernel
from zones.world import columns, parameters
from zones.world.blocks import BLOCK
from zones.world.colours import GOLDEN, hue_colour
from zones.world.columns import ALIVE, FREE, GENES, I32, I64, NO_PARENT
from zones.world.genes import COLOUR, SIZE, distance2, factor, grain
from zones.world.moving import WORN_OUT

BORN: Final = 0
STARVATION: Final = 1
AGE: Final = 2
COLLISION: Final = 3
"""What a row of the log tells of."""
CAUSE_BITS: Final = 2
"""The list of the dead holds slot << CAUSE_BITS | cause."""

_BIRTH_SPREAD: Final = parameters.BIRTH_SPREAD
_BIRTH_SHARE: Final = parameters.BIRTH_SHARE
_BIRTH_LOSS: Final = parameters.BIRTH_LOSS
_MUTATION: Final = parameters.MUTATION
_GENE_EFFECT: Final = parameters.GENE_EFFECT
_BIRTH_ENERGY: Final = parameters.BIRTH_ENERGY
_LINEAGE_DISTANCE: Final = parameters.LINEAGE_DISTANCE
_MAX_ENERGY: Final = parameters.MAX_ENERGY
_BODY_RADIUS: Final = parameters.BODY_RADIUS
_FOUNDER_ENERGY: Final = parameters.FOUNDER_ENERGY
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
_FIRST_CAUSE: Final = (State.DEATH_STARVATION >> 3) - STARVATION
_NEXT_LINEAGE: Final = columns.NEXT_LINEAGE >> 3
_LOG_COUNT: Final = columns.LOG_COUNT >> 3
_LOG_NEW: Final = columns.LOG_NEW >> 3
_LOG_LOST: Final = State.LIVES_UNTOLD >> 3
_DIED_NOW: Final = columns.DIED_NOW >> 3
_LOST: Final = columns.LOST >> 3
_ENERGY_SEEDED: Final = columns.ENERGY_SEEDED >> 3
_draw_unit = random_streams.draw_unit
_draw_signed = random_streams.draw_signed

assert (State.DEATH_AGE >> 3, State.DEATH_COLLISION >> 3) == (
    _FIRST_CAUSE + AGE,
    _FIRST_CAUSE + COLLISION,
)


@njit
def _fate_block(
    block: Any, energy: Any, state: Any, bears_at: Any, hurt: Any, counts: Any, fated: Any
) -> None:
    lo, hi = block * BLOCK, min(len(energy), (block + 1) * BLOCK)
    dead = 0
    bearing = 0
    for i in range(lo, hi):
        left = energy[i]
        # One branch that is seldom taken: who lives cannot be predicted. WORN_OUT is below all.
        if not ((state[i] == ALIVE) & ((left <= 0) | (left >= bears_at[i]))):
            continue
        if left <= 0:
            cause = COLLISION if left + hurt[i] > 0 else STARVATION
        elif bears_at[i] == WORN_OUT:
            cause = AGE
        else:
            fated[lo + bearing] = i
            bearing += 1
            continue
        state[i] = FREE
        dead += 1
        fated[hi - dead] = i << CAUSE_BITS | cause
    counts[block, 0] = dead
    counts[block, 1] = bearing


@kernel
def decide_fates(
    parallel: Any, energy: Any, state: Any, bears_at: Any, hurt: Any, counts: Any, fated: Any
) -> None:
    """Free the slots of the dead, and list them and who bears.

    Args:
        energy, state: of buffer B; `state` is written.
        bears_at, hurt: from `behave`.
        counts: int64 (blocks, 2), written: how many died and how many bear.
        fated: int32 by slot, written: from the begin of a block on the slots of those who bear,
            from its end backwards those of the dead with their cause.
    """
    blocks = len(counts)
    if parallel:
        for block in prange(blocks):
            _fate_block(block, energy, state, bears_at, hurt, counts, fated)
    else:
        for block in range(blocks):
            _fate_block(block, energy, state, bears_at, hurt, counts, fated)


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
def _note(
    log: Any, scalars: Any, number: Any, parent: Any, lineage: Any, tick: Any, cause: Any
) -> None:
    """Write one row of the log; when it is full, count what it lacks."""
    log_id, log_parent, log_lineage, log_tick, log_cause = log
    at = scalars[_LOG_COUNT]
    if at >= len(log_id):
        scalars[_LOG_LOST] += 1
        return
    log_id[at] = number
    log_parent[at] = parent
    log_lineage[at] = lineage
    log_tick[at] = tick
    log_cause[at] = cause
    scalars[_LOG_COUNT] = at + 1
    scalars[_LOG_NEW] += 1


@njit
def _give_traits(slot: Any, marks: Any, registry: Any) -> None:
    """Let a newcomer carry every active trait, none of which has run for it."""
    trait_bits, deactivated_bits, last_fuel, mood, ready, faults, memory = marks
    active, known, places = registry
    trait_bits[slot] = active
    deactivated_bits[slot] = 0
    last_fuel[slot] = 0
    mood[slot] = 0
    ready[slot] = 0
    # What the last one in this slot has left must decide nothing, nor be in the hash.
    one = np.uint64(1)
    if known == 0:
        return
    for which in range(len(faults)):
        if known >> np.uint64(which) & one:
            faults[which, slot] = 0
    for place in range(len(memory)):
        if places >> np.uint64(place) & one:
            memory[place, slot] = 0


@njit
def _settle_in(
    slot: Any,
    hot: Any,
    cold: Any,
    marks: Any,
    registry: Any,
    tick: Any,
    scalars: Any,
    touched: Any,
) -> Any:
    """Write what all newcomers have in common, count one, and return its id."""
    _, _, vx, vy, _, age, state = hot
    ids, _, _, _, born_at, _, _, _, _, _ = cold
    new_id = scalars[_NEXT_ID]
    vx[slot] = 0
    vy[slot] = 0
    age[slot] = 0
    state[slot] = ALIVE
    ids[slot] = new_id
    born_at[slot] = tick
    _give_traits(slot, marks, registry)
    touched[scalars[_TOUCHED]] = slot
    scalars[_TOUCHED] += 1
    scalars[_NEXT_ID] += 1
    scalars[_POPULATION] += 1
    scalars[_FREE_COUNT] -= 1
    return new_id


@njit
def _grow_body(slot: Any, cold: Any, rules: Any) -> None:
    """Give a newcomer the body that its genes make."""
    _, _, _, _, _, max_energy, radius, _, dna, _ = cold
    size = factor(dna[SIZE, slot], np.float32(rules[_GENE_EFFECT]))
    max_energy[slot] = np.float32(rules[_MAX_ENERGY]) * size * size
    radius[slot] = np.float32(rules[_BODY_RADIUS]) * size


@njit
def _found_lineage(slot: Any, cold: Any, scalars: Any) -> None:
    """Make a newcomer the first of a lineage, named by its genes and shown in its hue."""
    _, _, lineage, _, _, _, _, colour, dna, founder_dna = cold
    lineage[slot] = np.uint32(scalars[_NEXT_LINEAGE])
    scalars[_NEXT_LINEAGE] += 1
    for gene in range(GENES):
        founder_dna[gene, slot] = grain(dna[gene, slot])
    colour[slot] = hue_colour(dna[COLOUR, slot])


@njit
def _inherit(
    slot: Any, mother: Any, born: Any, cold: Any, key: Any, rules: Any, scalars: Any
) -> None:
    """Give a child its mother's genes, each a little changed, and its lineage."""
    ids, parent, lineage, generation, _, _, _, colour, dna, founder_dna = cold
    parent[slot] = ids[mother]
    generation[slot] = generation[mother] + 1
    mutation = np.float32(rules[_MUTATION])
    for gene in range(GENES):
        value = dna[gene, mother] + mutation * _draw_signed(key, born, _MUTATE, gene)
        # Turned back at the ends, where clamping would let genes pile up. Hues have no ends.
        if gene == COLOUR:
            value -= np.floor(value)
        elif value < 0:
            value = -value
        elif value > 1:
            value = np.float32(2.0) - value
        dna[gene, slot] = _clamp(value, np.float32(1.0))
    limit = np.float32(rules[_LINEAGE_DISTANCE])
    if distance2(dna, slot, founder_dna, mother) > limit * limit:
        _found_lineage(slot, cold, scalars)
        return
    lineage[slot] = lineage[mother]
    colour[slot] = colour[mother]
    for gene in range(GENES):
        founder_dna[gene, slot] = founder_dna[gene, mother]


@serial_kernel
def bury(
    counts: Any, fated: Any, energy: Any, cold: Any, tick: Any, scalars: Any, reals: Any, log: Any,
    cursors: Any,
) -> Any:  # fmt: skip
    """Count the dead by cause, close their books and note them in the log, in slot order.

    Args:
        cursors: int64 by block, written: where the search for a free slot begins.
        counts, fated: from `decide_fates`.
        energy: of buffer B.
        scalars, reals: state block of buffer B as int64 and as float64; counters are written.
        log: the log columns of buffer B; appended to.

    Returns:
        How many bear: mostly nobody, and to ask for births costs more than to look.
    """
    ids, parent, lineage = cold[0], cold[1], cold[2]
    total = 0
    bearing = 0
    for block in range(len(counts)):
        cursors[block] = block * BLOCK
        bearing += counts[block, 1]
        end = min(len(energy), (block + 1) * BLOCK)
        for k in range(counts[block, 0]):
            slot = fated[end - 1 - k] >> CAUSE_BITS
            cause = fated[end - 1 - k] & ((1 << CAUSE_BITS) - 1)
            scalars[_FIRST_CAUSE + cause] += 1
            reals[_LOST] += np.float64(energy[slot])
            _note(log, scalars, ids[slot], parent[slot], lineage[slot], tick, cause)
        total += counts[block, 0]
    scalars[_DIED_NOW] = total
    scalars[_POPULATION] -= total
    scalars[_FREE_COUNT] += total
    return bearing


def ids_of_dead(counts: I64, fated: I32, ids: I64) -> list[int]:
    """Return the ids of those whom `decide_fates` has listed as dead, in slot order."""
    dead: list[int] = []
    for block in np.flatnonzero(counts[:, 0]).tolist():
        end = min(len(ids), (block + 1) * BLOCK)
        slots = fated[end - counts[block, 0] : end][::-1] >> CAUSE_BITS
        dead += ids[slots].tolist()
    return dead


@serial_kernel
def give_birth(
    room: Any, old_state: Any, hot: Any, cold: Any, marks: Any, registry: Any, tick: Any, key: Any,
    size: Any, rules: Any, counts: Any, fated: Any, cursors: Any, scalars: Any, reals: Any,
    touched: Any, log: Any,
) -> None:  # fmt: skip
    """Carry out the births, in slot order of the mothers.

    Args:
        room: slots that were free in buffer A.
        old_state: of buffer A.
        hot: (x, y, vx, vy, energy, age, state) of buffer B; written.
        cold: BODY columns of buffer B; written in the newborns' slots.
        marks: TRAIT_COLUMNS of buffer B; likewise.
        registry: uint64 (bits of the active slots, of all slots that hold a trait, of the places of
            the trait memory that are in use).
        counts, fated: from `decide_fates`.
        cursors: from `bury`, written: where the search for a free slot stands.
        scalars, reals, touched, log: of buffer B; written, appended to.
    """
    x, y, _, _, energy, _, _ = hot
    ids, parent, lineage = cold[0], cold[1], cold[2]
    spread = np.float32(rules[_BIRTH_SPREAD])
    share = np.float32(rules[_BIRTH_SHARE])
    loss = np.float32(rules[_BIRTH_LOSS]) * np.float32(rules[_BIRTH_ENERGY])
    effect = np.float32(rules[_GENE_EFFECT])
    for block in range(len(cursors)):
        for k in range(counts[block, 1]):
            if room == 0:
                return
            room -= 1
            mother = fated[block * BLOCK + k]
            slot = _take_slot(block, old_state, cursors)
            born = _settle_in(slot, hot, cold, marks, registry, tick, scalars, touched)
            _inherit(slot, mother, born, cold, key, rules, scalars)
            _grow_body(slot, cold, rules)
            before = np.float64(energy[mother])
            given = energy[mother] * share
            energy[mother] -= given
            lost = min(loss * factor(cold[8][SIZE, slot], effect), given)
            energy[slot] = min(given - lost, cold[5][slot])
            reals[_LOST] += before - np.float64(energy[mother]) - np.float64(energy[slot])
            x[slot] = _clamp(x[mother] + spread * _draw_signed(key, born, _BIRTH_PLACE, 0), size[0])
            y[slot] = _clamp(y[mother] + spread * _draw_signed(key, born, _BIRTH_PLACE, 1), size[1])
            _note(log, scalars, ids[slot], parent[slot], lineage[slot], tick, BORN)
            scalars[_BIRTHS] += 1


@serial_kernel
def reseed(
    wanted: Any, room: Any, old_state: Any, hot: Any, cold: Any, marks: Any, registry: Any,
    tick: Any, key: Any, size: Any, rules: Any, cursors: Any, scalars: Any, reals: Any,
    touched: Any, log: Any,
) -> None:  # fmt: skip
    """Put in up to `wanted` Molbots of generation 0, at random places with random genes.

    Args:
        room: slots that were free in buffer A and are not taken yet.
        cursors: as `give_birth` left them.
    """
    x, y, _, _, energy, _, _ = hot
    ids, parent, lineage, generation, _, max_energy, _, _, dna, _ = cold
    for _ in range(min(wanted, room)):
        slot = _take_slot(0, old_state, cursors)
        born = _settle_in(slot, hot, cold, marks, registry, tick, scalars, touched)
        x[slot] = size[0] * _draw_unit(key, born, _SEED_PLACE, 0)
        y[slot] = size[1] * _draw_unit(key, born, _SEED_PLACE, 1)
        parent[slot] = NO_PARENT
        generation[slot] = 0
        for gene in range(GENES):
            dna[gene, slot] = _draw_unit(key, born, _GENES, gene)
        turn = np.float64(scalars[_NEXT_LINEAGE]) * GOLDEN
        dna[COLOUR, slot] = np.float32(turn - np.floor(turn))
        _found_lineage(slot, cold, scalars)
        _grow_body(slot, cold, rules)
        energy[slot] = min(np.float32(rules[_FOUNDER_ENERGY]), max_energy[slot])
        reals[_ENERGY_SEEDED] += np.float64(energy[slot])
        _note(log, scalars, ids[slot], NO_PARENT, lineage[slot], tick, BORN)
        scalars[_SEEDED] += 1
