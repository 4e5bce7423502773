"""The world hash: blake3 over everything that can decide a later tick, and nothing else.

Owns: what is in and in which order. In: tick, seed, size, parameters, counters, next id, food,
which slots live, the registry of traits and the names of moods, then the columns of the living
slots in slot order, all little-endian; of the trait memory and the counts of faults what is in use.
Not in: rings, cursors, hold flag, clock, epoch, the log of births and deaths, what volatile traits
remember, and values left behind in free slots. The free list is the complement of the living slots,
so it is in.
"""

import numpy as np
from blake3 import blake3

from Kernel.contract.arena import ArenaWords, Header, State
from zones.world import columns
from zones.world.columns import ALIVE, COLUMNS, PRIVATE, World, open_world
from zones.world.parameters import PARAMETERS
from zones.world.registry import read_entries

COUNTERS = (
    State.TICK,
    State.POPULATION,
    State.NEXT_ID,
    State.FREE_COUNT,
    State.BIRTHS,
    State.DEATH_STARVATION,
    State.DEATH_AGE,
    State.DEATH_COLLISION,
    State.SEEDED,
    State.FUEL_CURSOR,
    columns.WIDTH,
    columns.HEIGHT,
    columns.CELL,
    columns.GRID_COLS,
    columns.GRID_ROWS,
    columns.NEXT_LINEAGE,
    columns.LARGEST_RADIUS,
    columns.GROWN,
    columns.EATEN,
    columns.SPENT,
    columns.LOST,
    columns.ENERGY_SEEDED,
    State.QUARANTINED,
    State.TRAITS_ACTIVE,
    State.REGISTRY_VERSION,
    columns.TRAITS_PUT_OFF,
)


def world_hash(words: ArenaWords) -> bytes:
    """Return the 32 bytes that name the committed tick of an arena."""
    return hash_of(open_world(words), words.get(Header.COMMIT))


def hash_of(world: World, tick: int) -> bytes:
    """Return the hash of the buffer of `tick`, which nobody may be writing."""
    buffer = world.buffer(tick)
    digest = blake3()
    digest.update(world.seed.to_bytes(8, "little"))
    digest.update(world.capacity.to_bytes(8, "little"))
    for offset in COUNTERS:
        digest.update(buffer.scalars[offset >> 3].tobytes())
    digest.update(buffer.parameters[: len(PARAMETERS)].tobytes())
    living = np.flatnonzero(buffer.state == ALIVE).astype("<i4")
    digest.update(living.tobytes())
    for column in COLUMNS:
        values = getattr(buffer, column.name)
        if column.rows in ("resource", "ground"):
            digest.update(values.tobytes())
        elif column.rows == "entity" and column.name not in ("touched", *PRIVATE):
            digest.update(values[living].tobytes())
    digest.update(buffer.registry.tobytes())
    for entry in read_entries(buffer):
        digest.update(buffer.trait_faults.T[entry.slot][living].tobytes())
        for place in range(entry.memory_first, entry.memory_first + entry.memory_count):
            digest.update(buffer.trait_memory.T[place][living].tobytes())
    return digest.digest()
