"""Memory of one world process that holds nothing from one tick to the next.

Owns: what there is, and making it. Does not own: what is in it (the phases write it anew in each
tick). Whatever was left in it by a tick that was killed decides nothing.
"""

from dataclasses import dataclass

import numpy as np

from zones.traits.contract import SLOTS
from zones.world import columns
from zones.world.behaviour import Intent
from zones.world.blocks import BLOCK, Desks, new_desks
from zones.world.columns import World
from zones.world.crowd import Crowd, CrowdShape, new_crowd
from zones.world.feeding import PLACES_BLOCK
from zones.world.grid import FineGrid, Index, new_index, row_starts
from zones.world.senses import NOTHING
from zones.world.survey import Tally, new_tally
from zones.world.weather import Weather


@dataclass(slots=True)
class Scratch:
    """All of it; the fields that are no arrays are set by the phase that makes them."""

    intent: Intent
    desks: Desks
    claim: columns.I32  # (resources,), all NOTHING between ticks
    claimed: columns.I32  # (resources,)
    counts: columns.I64  # (blocks, 2)
    fated: columns.I32  # (capacity,)
    cursors: columns.I64  # (blocks,)
    bearing: int
    meals: columns.F64  # (place blocks, 2)
    index: Index
    shape: tuple[np.float32, np.float32, int, int]  # of the index: cell, slack, cols, rows
    crowd: Crowd
    crowd_shape: CrowdShape
    largest: np.float32  # radius, 0: nobody has a body
    weather: Weather
    tally: Tally
    carriers: columns.I64  # (2, SLOTS)


def derive_grid(world: World) -> tuple[FineGrid, columns.I32]:
    """Return the grid that food is stored by, and where its rows begin."""
    buffer = world.committed
    grid = FineGrid(
        buffer.real(columns.CELL),
        buffer.scalar(columns.GRID_COLS),
        buffer.scalar(columns.GRID_ROWS),
    )
    return grid, row_starts(buffer.resource_x, buffer.resource_y, grid)


def new_scratch(world: World, grid: FineGrid, threads: int) -> Scratch:
    """Return the memory for one world."""
    slots, places = world.capacity, world.extent.resources
    blocks = -(-slots // BLOCK)
    return Scratch(
        intent=Intent(
            np.zeros(slots, np.int32),
            np.zeros(slots, np.int32),
            np.zeros(blocks, np.int64),
            np.zeros(slots, np.float32),
            np.zeros(slots, np.float32),
            np.zeros(blocks),
        ),
        desks=new_desks(threads),
        claim=np.full(places, NOTHING, np.int32),
        claimed=np.zeros(places, np.int32),
        counts=np.zeros((blocks, 2), np.int64),
        fated=np.zeros(slots, np.int32),
        cursors=np.zeros(blocks, np.int64),
        bearing=0,
        meals=np.zeros((-(-places // PLACES_BLOCK), 2)),
        index=new_index(grid, places),
        shape=(np.float32(0), np.float32(0), 0, 0),
        crowd=new_crowd(slots, threads),
        crowd_shape=CrowdShape(np.float32(1), 1, 1),
        largest=np.float32(0),
        weather=Weather(0.0, 0.0, 0.0, 0.0),
        tally=new_tally(slots, places),
        carriers=np.zeros((2, SLOTS), np.int64),
    )
