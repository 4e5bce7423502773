"""The world a trial begins with: a copy of the committed one, with other seeds, or larger.

Owns: finding and copying it, the seeds of pairs, multiplying the living. Does not own: the image
(`zones/runtime/arena_image.py`), moving it into a larger arena (`migration.py`).
Reads the arena of a world that goes on ticking, and never writes it.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from blake3 import blake3

from Kernel.contract.arena import ArenaWords, State, check_arena
from Kernel.contract.arena_lookup import find_arena, map_arena
from Kernel.contract.errors import ArenaError, MoltError, SnapshotError
from zones.runtime.arena_image import ArenaImage, copy_committed, write_into
from zones.world import columns, founding
from zones.world.columns import ALIVE, COLUMNS, FREE, Buffer, plan_layout, read_extent, view_buffer
from zones.world.inspection import is_of_this_build
from zones.world.migration import migrate
from zones.world.settings import parse_settings

ROUNDS_MAX: Final = 4
"""Of copying, each with retries of its own: a large world that ticks tears many copies."""
ROUND_PAUSE_S: Final = 0.05
NO_ID: Final = bytes(16)
SLOTS_MAX: Final = 2_000_000
"""Of a multiplied world: its copies must fit into memory."""
_SMALL: Final = {"entities": 200, "max_entities": 256, "resources": 400}


class TooLarge(MoltError):
    """A multiple of the world is beyond what a trial may take."""


def copy_world(home: Path, zone: str, words: ArenaWords | None = None) -> tuple[ArenaImage, str]:
    """Return the committed tick of a zone's world; a small world where it cannot be had.

    Args:
        words: its arena, where that is known already.

    Returns:
        The image, and why it is not of the zone's world, "" where it is.
    """
    try:
        if words is None:
            words, _ = map_arena(find_arena(home, zone))
        if not is_of_this_build(words):
            raise ArenaError("cannot try a trait on the world: its columns are of another version")
        return _copy(words), ""
    except (ArenaError, SnapshotError) as error:
        settings = parse_settings(_SMALL)
        small = ArenaWords(memoryview(bytearray(founding.plan(settings).file_bytes)))
        founding.found(small, settings)
        check_arena(small, "a small world")
        return copy_committed(small), error.message


def _copy(words: ArenaWords) -> ArenaImage:
    for _ in range(ROUNDS_MAX - 1):
        try:
            return copy_committed(words)
        except SnapshotError:
            time.sleep(ROUND_PAUSE_S)
    return copy_committed(words)


def with_seed(image: ArenaImage, pair: int) -> ArenaImage:
    """Return the world of one pair: the first has the seed it lives with, each other one its own.

    The seed decides every draw from here on: how long Molbots live that are there already, too.
    """
    if pair == 0:
        return image
    words = image.seed.to_bytes(8, "little") + pair.to_bytes(8, "little")
    return replace(image, seed=int.from_bytes(blake3(b"trial" + words).digest()[:8], "little") >> 1)


def found_copy(memory: memoryview, image: ArenaImage) -> ArenaWords:
    """Return an arena founded from an image in memory that holds nothing yet; changes it."""
    words = ArenaWords(memory)
    write_into(words, image, NO_ID, 0)
    check_arena(words, f"the copy of tick {image.tick}")
    return words


def multiplied(image: ArenaImage, factor: int) -> ArenaImage:
    """Return a world with `factor` times the living: each has as many twins, elsewhere, less one.

    A twin has a new id, stands a fixed way off (what leaves the world on one side comes in on the
    other), and is equal in all else. Food stays as it is. The books and the census count twins as
    founders, so every invariant holds.

    Raises:
        TooLarge: it would have more slots than SLOTS_MAX.
    """
    extent = read_extent(image.schema)
    if extent.capacity * factor > SLOTS_MAX:
        raise TooLarge(
            f"cannot try a trait on {factor} times the world: {extent.capacity * factor} slots, "
            f"at most {SLOTS_MAX}"
        )
    moved, changes = migrate(image, extent.capacity * factor, parse_settings({}).parameters)
    assert not changes.refused, "a larger arena has room"
    layout = plan_layout(read_extent(moved.schema))
    buffer = view_buffer(moved.buffer, 0, len(moved.buffer), layout)
    living = np.flatnonzero(buffer.state == ALIVE)
    free = np.flatnonzero(buffer.state == FREE)
    for twin in range(1, factor):
        slots, free = free[: len(living)], free[len(living) :]
        _add_twins(buffer, living, slots, twin / factor, layout.extent)
    return moved


def _add_twins(
    buffer: Buffer,
    living: columns.I64,
    slots: columns.I64,
    share: float,
    extent: columns.Extent,
) -> None:
    for column in COLUMNS:
        if column.rows == "entity" and column.name != "touched":
            values = getattr(buffer, column.name)
            values[slots] = values[living]
    scalars, count = buffer.scalars, len(slots)
    first = buffer.scalar(State.NEXT_ID)
    buffer.id[slots] = np.arange(first, first + count)
    for values, size in ((buffer.x, extent.width), (buffer.y, extent.height)):
        values[slots] = (values[slots] + np.float32(share * size)) % np.float32(size)
    scalars[State.NEXT_ID >> 3] += count
    scalars[State.POPULATION >> 3] += count
    scalars[State.FREE_COUNT >> 3] -= count
    buffer.reals[columns.ENERGY_FOUNDED >> 3] += founding.sum_in_order(buffer.energy[slots])
