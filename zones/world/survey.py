"""Looking over the whole world once: what telemetry tells and what cheap checks compare.

Owns: one pass over the living and one over the food, and the count of lineages. Does not own: when
(`engine.py`), the event (`outbox.py`), what must hold (`invariants.py`). Sums are made over fixed
blocks, so that threads change no bit.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from Kernel.contract.arena import State
from zones.runtime.numba_setup import kernel, njit, prange, serial_kernel
from zones.world import columns
from zones.world.blocks import BLOCK
from zones.world.columns import ALIVE, F64, GENES, I64, U32, Buffer
from zones.world.feeding import PLACES_BLOCK
from zones.world.moving import SPEED_LIMIT

_MIX: Final = np.uint32(2654435769)
"""2^32 / golden ratio: spreads consecutive lineage numbers over the table."""


class Tally(NamedTuple):
    """Memory of a survey, of this process only.

    Args:
        living: float64 (blocks, 4 + GENES): how many, how many of them are unsound, their energy,
            sum of each gene, largest radius.
        food: float64 (place blocks, 2): amount, unsound places.
        names, members: lineage and how many it has, a hash table of a power of two of rows.
    """

    living: F64
    food: F64
    names: U32
    members: I64


class Survey(NamedTuple):
    """What the world came to at one tick.

    Args:
        lineage_diversity: 1 / sum of squared shares: as many equally large lineages would be as
            diverse (Simpson 1949; Hill number of order 2).
        dominant: the largest lineage, of equal ones the oldest; 0 when nobody lives.
        unsound: Molbots and places with a value that is not finite or out of its range.
    """

    population: int
    energy: float
    food: float
    unsound: int
    lineages: int
    lineage_diversity: float
    dominant: int
    dominant_share: float
    genes: tuple[float, ...]
    largest_radius: float


def new_tally(slots: int, places: int) -> Tally:
    """Return memory for surveys of a world of so many slots and food places."""
    rows = 2
    while rows < 2 * slots:
        rows *= 2
    return Tally(
        np.zeros((-(-slots // BLOCK), 4 + GENES)),
        np.zeros((-(-places // PLACES_BLOCK), 2)),
        np.zeros(rows, np.uint32),
        np.zeros(rows, np.int64),
    )


def survey(parallel: bool, buffer: Buffer, tally: Tally) -> Survey:
    """Look over one buffer, whose phases are done. Changes `tally` only."""
    size = (np.float32(buffer.real(columns.WIDTH)), np.float32(buffer.real(columns.HEIGHT)))
    hot = (buffer.x, buffer.y, buffer.vx, buffer.vy, buffer.energy, buffer.state)
    _sum_up(
        parallel,
        hot,
        (buffer.max_energy, buffer.radius, buffer.dna.T),
        size,
        buffer.resource_amount,
        tally,
    )
    living = np.cumsum(tally.living, axis=0)[-1]
    food = np.cumsum(tally.food, axis=0)[-1]
    lineages, squares, dominant, most = _count_lineages(buffer.state, buffer.lineage, tally)
    count = int(living[0])
    return Survey(
        population=count,
        energy=float(living[2]),
        food=float(food[0]),
        unsound=int(living[1]) + int(food[1]),
        lineages=int(lineages),
        lineage_diversity=count * count / float(squares) if count else 0.0,
        dominant=int(dominant),
        dominant_share=most / count if count else 0.0,
        genes=tuple(float(total) / count if count else 0.0 for total in living[3 : 3 + GENES]),
        largest_radius=float(tally.living[:, 3 + GENES].max()),
    )


def keep_findings(buffer: Buffer, found: Survey) -> None:
    """Write into the state block what a survey alone finds out: lineages and largest radius."""
    buffer.scalars[State.LINEAGES >> 3] = found.lineages
    buffer.reals[columns.LARGEST_RADIUS >> 3] = found.largest_radius


@njit
def _living_block(block: Any, hot: Any, cold: Any, size: Any, out: Any) -> None:
    x, y, vx, vy, energy, state = hot
    max_energy, radius, dna = cold
    limit = np.float32(SPEED_LIMIT)
    for k in range(out.shape[1]):
        out[block, k] = 0.0
    for i in range(block * BLOCK, min(len(x), (block + 1) * BLOCK)):
        if state[i] != ALIVE:
            continue
        # Written so that a value that is no number fails: every comparison with it is false. One
        # that was given nothing at its birth holds no energy, for the tick that it lives.
        sound = (
            0 <= x[i] <= size[0]
            and 0 <= y[i] <= size[1]
            and -limit <= vx[i] <= limit
            and -limit <= vy[i] <= limit
            and 0 <= energy[i] <= max_energy[i]
            and max_energy[i] < np.inf
            and 0 <= radius[i] < np.inf
        )
        for gene in range(GENES):
            sound = sound and 0 <= dna[gene, i] <= 1
            out[block, 3 + gene] += np.float64(dna[gene, i])
        out[block, 0] += 1.0
        out[block, 1] += 0.0 if sound else 1.0
        out[block, 2] += np.float64(energy[i])
        out[block, 3 + GENES] = max(out[block, 3 + GENES], np.float64(radius[i]))


@njit
def _food_block(block: Any, amount: Any, out: Any) -> None:
    total = 0.0
    unsound = 0.0
    for j in range(block * PLACES_BLOCK, min(len(amount), (block + 1) * PLACES_BLOCK)):
        total += np.float64(amount[j])
        unsound += 0.0 if 0 <= amount[j] < np.inf else 1.0
    out[block, 0] = total
    out[block, 1] = unsound


@kernel
def _sum_up(parallel: Any, hot: Any, cold: Any, size: Any, amount: Any, tally: Any) -> None:
    living, food, _, _ = tally
    if parallel:
        for block in prange(len(living)):
            _living_block(block, hot, cold, size, living)
        for block in prange(len(food)):
            _food_block(block, amount, food)
    else:
        for block in range(len(living)):
            _living_block(block, hot, cold, size, living)
        for block in range(len(food)):
            _food_block(block, amount, food)


@serial_kernel
def _count_lineages(state: Any, lineage: Any, tally: Any) -> Any:
    """Return (lineages, sum of squared sizes, largest lineage, its size)."""
    _, _, names, members = tally
    mask = np.uint32(len(names) - 1)
    members[:] = 0
    found = 0
    for i in range(len(state)):
        if state[i] != ALIVE:
            continue
        name = lineage[i]
        at = (name * _MIX) & mask
        while members[at] and names[at] != name:
            at = (at + np.uint32(1)) & mask
        names[at] = name
        found += members[at] == 0
        members[at] += 1
    squares = 0
    dominant = np.uint32(0)
    most = 0
    for at in range(len(names)):
        count = members[at]
        squares += count * count
        if count > most or (count == most and count and names[at] < dominant):
            dominant = names[at]
            most = count
    return found, squares, dominant, most
