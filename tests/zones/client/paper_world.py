"""A home with an arena made by hand: the form of a real world's, with numbers a test chooses."""

import json
import mmap
import os
from pathlib import Path

import numpy as np

from Kernel.contract.arena import (
    HEADER_BYTES,
    NEVER,
    STATE_BYTES,
    ArenaWords,
    Header,
    State,
    check_arena,
    new_header,
    plan_buffers,
)
from Kernel.contract.places import arena_name

GENES = ["speed", "senses", "metabolism", "size", "fertility", "warmth", "colour", "longevity"]
PARAMETERS = ["friction", "gravity", "temperature"]
ROWS, COLS = 3, 5
OWN_SCALARS = (("width", "<f8", State.OWN), ("light", "<f8", State.OWN + 8))
SCALARS = (
    ("tick", "<i8", State.TICK),
    ("population", "<i8", State.POPULATION),
    ("births", "<i8", State.BIRTHS),
    *OWN_SCALARS,
)
COLUMNS = (
    ("x", "<f4", "entity", 1),
    ("energy", "<f4", "entity", 1),
    ("state", "|u1", "entity", 1),
    ("id", "<i8", "entity", 1),
    ("parent", "<i8", "entity", 1),
    ("colour", "<u4", "entity", 1),
    ("dna", "<f4", "entity", 8),
    ("founder_dna", "|u1", "entity", 8),
    ("touched", "<i4", "entity", 1),
    ("resource_amount", "<f4", "resource", 1),
    ("resource_x", "<f4", "resource", 1),
    ("ground_height", "<f4", "ground", 1),
    ("log_tick", "<i4", "log", 1),
)


def describe(capacity: int, resources: int) -> dict:
    """Return the schema of a paper world as a world tells it."""
    counts = {"entity": capacity, "resource": resources, "ground": ROWS * COLS, "log": 4}
    place, listed = STATE_BYTES, []
    for name, kind, rows, width in COLUMNS:
        listed.append(
            {
                "name": name,
                "type": kind,
                "rows": rows,
                "count": counts[rows],
                "width": width,
                "hot": False,
                "offset": place,
            }
        )
        size = counts[rows] * width * np.dtype(kind).itemsize
        place += (size + 63) // 64 * 64
    return {
        "capacity": capacity,
        "resources": resources,
        "width": 200.0,
        "height": 100.0,
        "ground": {"cols": COLS, "rows": ROWS, "cell": 40.0},
        "columns": listed,
        "parameters": PARAMETERS,
        "scalars": [{"name": name, "type": kind, "offset": at} for name, kind, at in SCALARS],
        "genes": GENES,
    }


class PaperWorld:
    """A world whose every value at tick T is T, unless a test writes others.

    Args:
        folder: made when missing; the arena appears in it whole, by a rename.
        schema: other than `describe` gives.
    """

    def __init__(
        self, folder: Path, capacity: int = 6, resources: int = 4, schema: dict | None = None
    ) -> None:
        self.schema = schema or describe(capacity, resources)
        text = json.dumps(self.schema).encode()
        size = sum(
            (each["count"] * each["width"] * np.dtype(each["type"]).itemsize + 63) // 64 * 64
            for each in describe(capacity, resources)["columns"]
        )
        buffers = plan_buffers(len(text), size)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / arena_name("stable")
        draft = self.path.with_suffix(".draft")
        with draft.open("wb+") as file:
            file.truncate(buffers.file_bytes)
            self.words = ArenaWords(memoryview(mmap.mmap(file.fileno(), buffers.file_bytes)))
        self.words.put_bytes(HEADER_BYTES, text)
        self.words.put_bytes(Header.ARENA_ID, os.urandom(16))
        self.words.put_state(0, State.HOLD_AFTER, NEVER)
        new_header(self.words, buffers)
        check_arena(self.words, "the paper world")
        draft.rename(self.path)
        self.arena = self.words.get_bytes(Header.ARENA_ID, 16).hex()

    def column(self, name: str, tick: int) -> np.ndarray:
        """Return a writable view of a column in the buffer of `tick`, flat."""
        told = next(each for each in self.schema["columns"] if each["name"] == name)
        start = self.words.buffer_offset(tick) + told["offset"]
        count = told["count"] * told["width"]
        return np.frombuffer(self.words.memory, told["type"], count, start)

    def write(self, tick: int, living: int | None = None) -> None:
        """Fill the buffer of `tick` with it, without committing; the first `living` slots live."""
        words = self.words
        words.put_state(tick, State.TICK, tick)
        for told in self.schema["columns"]:
            self.column(told["name"], tick)[:] = tick % 251
        state = self.column("state", tick)
        state[:] = 0
        state[:living] = 1
        for name, kind, offset in SCALARS:
            if name != "tick":
                value = np.array([tick], kind).tobytes()
                words.put_bytes(words.buffer_offset(tick) + offset, value)
        for index in range(len(PARAMETERS)):
            value = np.array([tick], "<f8").tobytes()
            words.put_bytes(words.buffer_offset(tick) + State.PARAMETERS + 8 * index, value)

    def commit(self, living: int | None = None) -> int:
        """Compute and commit one tick, and return it."""
        tick = self.words.get(Header.COMMIT) + 1
        self.write(tick, living)
        self.words.put(Header.COMMIT, tick)
        return tick
