"""What each Molbot does by itself in a tick: sense, steer, touch, move, pay, grow older.

Owns: the order of that, and how blocks are shared out. Does not own: the laws (`senses.py`,
`bodies.py`, `moving.py`), who gets the food (`feeding.py`), births and deaths (`lifecycle.py`).
Reads buffer A, writes buffer B and `Intent`; every block only its own rows, so any number of
threads gives the same bits.

The world has walls: nothing is sensed or walked through an edge (a torus was considered: its seam
would have to be in every distance, and in every picture).
"""

from typing import Any, NamedTuple

from zones.runtime.numba_setup import kernel, njit, prange
from zones.world.blocks import BLOCK, LIVING, list_living
from zones.world.bodies import touch_block
from zones.world.columns import F32, F64, I32, I64
from zones.world.moving import grow_older, pay, read_ground, sum_spent, walk
from zones.world.senses import find_food, measure_sight, steer


class Intent(NamedTuple):
    """What the later phases need; written anew in each tick.

    Args:
        eaters: int32, from the begin of each block on the slots that would eat, in slot order.
        eats: int32, beside it: the place that each would eat from.
        eating: int64 by block, how many would.
        bears_at: float32 by slot, the energy from which it bears now (inf: too young), or
            WORN_OUT.
        hurt: float32 by slot, energy that collisions took in this tick.
        spent: float64 by block, energy that upkeep, moving and collisions took.
    """

    eaters: I32
    eats: I32
    eating: I64
    bears_at: F32
    hurt: F32
    spent: F64


@njit
def _behave_block(
    block: Any, old: Any, new: Any, body: Any, places: Any, index: Any, shape: Any, crowd: Any,
    crowd_shape: Any, land: Any, land_shape: Any, air: Any, rules: Any, keys: Any, intent: Any,
    lists: Any, columns: Any,
) -> None:  # fmt: skip
    """Take one block through all that its Molbots do."""
    all_ids, all_dna, all_radius = body
    ground, size = land
    temperature, sight, largest = air
    wander_key, fixed_key = keys
    eaters, eats, eating, bears_at, hurt, spent = intent
    lo, hi = block * BLOCK, min(len(all_ids), (block + 1) * BLOCK)
    count = list_living(old[6][lo:hi], new[6][lo:hi], lists[LIVING])
    if count == 0:
        eating[block] = 0
        spent[block] = 0.0
        return
    x, y, energy, new_energy = old[0][lo:hi], old[1][lo:hi], old[4][lo:hi], new[4][lo:hi]
    ids, radius = all_ids[lo:hi], all_radius[lo:hi]
    dna = (
        all_dna[0, lo:hi], all_dna[1, lo:hi], all_dna[2, lo:hi], all_dna[3, lo:hi],
        all_dna[4, lo:hi], all_dna[5, lo:hi], all_dna[6, lo:hi], all_dna[7, lo:hi],
    )  # fmt: skip
    hurt_here = hurt[lo:hi]
    measure_sight(dna, sight, rules, columns)
    find_food(count, x, y, index, shape, lists, columns)
    eating[block] = steer(
        count, lo, x, y, radius, ids, places, wander_key, rules, lists, columns,
        eaters[lo:hi], eats[lo:hi],
    )  # fmt: skip
    touch_block(
        count, lo, old, all_radius, crowd, crowd_shape, largest, rules, lists, columns, hurt_here
    )
    read_ground(count, x, y, ground, land_shape, lists, columns)
    walk(
        (x, y, old[2][lo:hi], old[3][lo:hi]),
        (new[0][lo:hi], new[1][lo:hi], new[2][lo:hi], new[3][lo:hi]),
        size, rules, columns,
    )  # fmt: skip
    pay(energy, new_energy, hurt_here, dna, temperature, rules, columns)
    spent[block] = sum_spent(count, energy, new_energy, lists)
    grow_older(
        count, old[5][lo:hi], new[5][lo:hi], dna, ids, rules, fixed_key, lists, columns,
        bears_at[lo:hi],
    )  # fmt: skip


@kernel
def behave(
    parts: Any, old: Any, new: Any, body: Any, places: Any, index: Any, shape: Any, crowd: Any,
    crowd_shape: Any, land: Any, land_shape: Any, air: Any, rules: Any, keys: Any, intent: Any,
    desks: Any,
) -> None:  # fmt: skip
    """Move every living Molbot by one tick and note what it would eat.

    Free slots of `new` get values without meaning, but for their state.

    Args:
        parts: how many shares of blocks are handled side by side; 1 runs without threads. Shares
            are interleaved: where few slots are taken, those lie at the begin.
        old, new: (x, y, vx, vy, energy, age, state) of buffers A and B; `new` is written.
        body: (id, dna, radius) by slot; dna of shape (GENES, slots).
        places: (x, y) of all places.
        index, shape: of the ripe places, see `grid.nearest`.
        crowd, crowd_shape: of the living, from `index_crowd`.
        land: (float32 (cells, 4) from `ground.slopes`, float32 (width, height) of the world).
        land_shape: (float32 side of a ground cell, columns, rows).
        air: float32 (temperature, sight, largest radius; 0: nobody has a body).
        rules: the parameters, float64.
        keys: random keys of the current stretch of wandering, and of draws for a whole life.
        intent: an `Intent`; written.
        desks: `Desks` for at least as many parts; written.
    """
    lists, columns = desks
    blocks = len(intent[5])
    if parts > 1:
        for part in prange(parts):
            for block in range(part, blocks, parts):
                _behave_block(
                    block, old, new, body, places, index, shape, crowd, crowd_shape, land,
                    land_shape, air, rules, keys, intent, lists[part], columns[part],
                )  # fmt: skip
    else:
        for block in range(blocks):
            _behave_block(
                block, old, new, body, places, index, shape, crowd, crowd_shape, land,
                land_shape, air, rules, keys, intent, lists[0], columns[0],
            )  # fmt: skip
