"""What can be done to the file of an arena behind its world's back.

Owns: the bytes that are changed. Does not own: when (`damage_faults.py`, `campaign.py`).
"""

import os
import struct
from pathlib import Path
from typing import Final

from Kernel.contract.arena import HEADER_BYTES, Header
from zones.client.arena_reader import ArenaReader
from zones.world.columns import ALIVE

CHANGED_BY: Final = 0.9


def harm_schema(arena: Path) -> None:
    """Damage the schema behind a sound header."""
    with arena.open("r+b") as file:
        file.seek(HEADER_BYTES + 100)
        file.write(bytes(8))


def harm_columns(arena: Path) -> None:
    """Damage the last pages of both buffers and what lies before them."""
    size = arena.stat().st_size
    with arena.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size - size // 2))


def harm_length(arena: Path) -> None:
    """Cut it."""
    os.truncate(arena, arena.stat().st_size // 2)


def change_energy(arena: Path) -> str:
    """Take some of its energy from one Molbot of a world that stands still; tell from which.

    Raises:
        ArenaError: it is no arena.
    """
    reader = ArenaReader(arena)
    columns = reader.schema.columns
    tick = reader.words.get(Header.COMMIT)
    start = reader.words.buffer_offset(tick)
    state = bytes(reader.view(tick)[columns["state"].offset :][: columns["state"].size_bytes])
    slot = state.index(ALIVE)
    place = start + columns["energy"].offset + 4 * slot
    with arena.open("r+b") as file:
        file.seek(place)
        (energy,) = struct.unpack("<f", file.read(4))
        file.seek(place)
        file.write(struct.pack("<f", energy * CHANGED_BY))
    return f"slot {slot} at tick {tick}, energy {energy:.3f}"
