"""The columns of a world: names, types, places in a buffer, and numpy views over both buffers.

Owns: the schema (what the bytes behind a state block mean) and the views. Does not own: fixed
offsets of header and state block (`Kernel/contract/arena.py`) nor the values.

Hot columns are written anew for every entity in every tick, from the buffer of tick T-1 to that
of tick T. Cold columns change at a birth only: both buffers hold the same values, except in the
slots listed as touched by the newer tick. A slot is free while its `state` is FREE: the state
column is the free list, so nothing can disagree with it and nothing has to be carried.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from Kernel.contract.arena import NEVER, STATE_BYTES, ArenaWords, Header, State
from Kernel.contract.errors import ArenaError
from zones.world.parameters import PARAMETERS

GENES: Final = 8
ALIGN_BYTES: Final = 64
FREE: Final = 0
ALIVE: Final = 1
NO_PARENT: Final = 0
FIRST_ID: Final = 1

WIDTH: Final = State.OWN
HEIGHT: Final = State.OWN + 8
CELL: Final = State.OWN + 16
GRID_COLS: Final = State.OWN + 24
GRID_ROWS: Final = State.OWN + 32
PERIOD_BIRTHS: Final = State.OWN + 40
PERIOD_STARVATION: Final = State.OWN + 48
PERIOD_AGE: Final = State.OWN + 56
PERIOD_COLLISION: Final = State.OWN + 64
INPUTS_REFUSED: Final = State.OWN + 72
"""zones.world's own scalars in the state block; WIDTH, HEIGHT and CELL are f64, others u64."""

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `rows` is "entity" or "resource", `width` values in each row."""

    name: str
    dtype: str
    rows: str = "entity"
    width: int = 1
    hot: bool = False


COLUMNS: Final = (
    Column("x", "<f4", hot=True),
    Column("y", "<f4", hot=True),
    Column("vx", "<f4", hot=True),
    Column("vy", "<f4", hot=True),
    Column("energy", "<f4", hot=True),
    Column("age", "<i4", hot=True),
    Column("state", "|u1", hot=True),
    Column("id", "<i8"),
    Column("parent", "<i8"),
    Column("lineage", "<u4"),
    Column("generation", "<i4"),
    Column("born_at", "<i4"),
    Column("max_energy", "<f4"),
    Column("radius", "<f4"),
    Column("colour", "<u4"),
    Column("dna", "<f4", width=GENES),
    Column("trait_bits", "<u8"),
    Column("deactivated_bits", "<u8"),
    Column("last_fuel", "<u4"),
    Column("touched", "<i4"),
    Column("resource_amount", "<f4", rows="resource", hot=True),
    Column("resource_x", "<f4", rows="resource"),
    Column("resource_y", "<f4", rows="resource"),
)
"""`touched` is no column of entities but a list: its first TOUCHED_COUNT values are the slots
whose cold columns this tick has written."""
COLD: Final = tuple(
    column.name
    for column in COLUMNS
    if column.rows == "entity" and not column.hot and column.name != "touched"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column lies, in bytes from the begin of a buffer."""

    offsets: dict[str, int]
    columns_bytes: int
    schema: bytes
    schema_hash: bytes


@lru_cache(maxsize=8)
def plan_layout(capacity: int, resources: int) -> Layout:
    """Return the layout and schema of a world with this many slots and places."""
    offsets: dict[str, int] = {}
    listed: list[dict[str, Any]] = []
    place = STATE_BYTES
    for column in COLUMNS:
        rows = capacity if column.rows == "entity" else resources
        offsets[column.name] = place
        listed.append(
            {
                "name": column.name,
                "type": column.dtype,
                "rows": rows,
                "width": column.width,
                "hot": column.hot,
                "offset": place,
            }
        )
        size = rows * column.width * np.dtype(column.dtype).itemsize
        place += (size + ALIGN_BYTES - 1) // ALIGN_BYTES * ALIGN_BYTES
    described = {
        "capacity": capacity,
        "resources": resources,
        "columns": listed,
        "parameters": [parameter.name for parameter in PARAMETERS],
    }
    schema = json.dumps(described, separators=(",", ":"), sort_keys=True).encode()
    return Layout(offsets, place - STATE_BYTES, schema, schema_hash())


@lru_cache(maxsize=1)
def schema_hash() -> bytes:
    """Return what names this build's columns and parameters, whatever the size of a world."""
    described = [
        [column.name, column.dtype, column.rows, column.width, column.hot] for column in COLUMNS
    ]
    names = [parameter.name for parameter in PARAMETERS]
    return hashlib.sha256(json.dumps([described, names]).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """Views over one buffer; shape (capacity,) or (resources,) unless a comment says otherwise.

    `scalars` are the words of the state block as signed numbers, `parameters` a part of it.
    """

    scalars: I64  # (STATE_BYTES / 8,)
    parameters: F64  # (PARAMETERS_MAX,)
    state_block: U8  # (STATE_BYTES,)
    whole: U8  # the buffer's bytes
    x: F32
    y: F32
    vx: F32
    vy: F32
    energy: F32
    age: I32
    state: U8
    id: I64
    parent: I64
    lineage: U32
    generation: I32
    born_at: I32
    max_energy: F32
    radius: F32
    colour: U32
    dna: F32  # (capacity, GENES)
    trait_bits: U64
    deactivated_bits: U64
    last_fuel: U32
    touched: I32
    resource_amount: F32
    resource_x: F32
    resource_y: F32

    def scalar(self, offset: int) -> int:
        """Return a word of the state block."""
        return int(self.scalars[offset >> 3])

    def real(self, offset: int) -> float:
        """Return a word of the state block that holds an f64."""
        return float(self.scalars.view(np.float64)[offset >> 3])


@dataclass(frozen=True, slots=True)
class World:
    """An arena with its columns. The views keep the mapping open for as long as they live."""

    words: ArenaWords
    buffers: tuple[Buffer, Buffer]
    capacity: int
    resources: int
    seed: int

    def buffer(self, tick: int) -> Buffer:
        """Return the views over the buffer of `tick`."""
        return self.buffers[tick & 1]

    @property
    def committed(self) -> Buffer:
        """The buffer of the committed tick."""
        return self.buffers[self.words.get(Header.COMMIT) & 1]


def open_world(words: ArenaWords) -> World:
    """Return zero-copy views over an arena's columns; read-only if its mapping is.

    Raises:
        ArenaError: the arena's schema is not the one this build has for its size.
    """
    capacity = words.get(Header.CAPACITY)
    resources = words.get(Header.RESOURCES)
    layout = plan_layout(capacity, resources)
    found = words.get_bytes(Header.SCHEMA_HASH, 32)
    if found != layout.schema_hash or words.schema() != layout.schema:
        raise ArenaError(
            f"cannot open the arena: its schema is {found.hex()[:12]}, "
            f"this build has {layout.schema_hash.hex()[:12]}"
        )
    if words.get(Header.BUFFER_BYTES) < STATE_BYTES + layout.columns_bytes:
        raise ArenaError("cannot open the arena: its buffers are too small for its schema")
    pair = (_views(words, 0, layout), _views(words, 1, layout))
    return World(words, pair, capacity, resources, words.get(Header.SEED))


def _views(words: ArenaWords, tick: int, layout: Layout) -> Buffer:
    start = words.buffer_offset(tick)
    size = words.get(Header.BUFFER_BYTES)
    whole = np.frombuffer(words.memory, np.uint8, size, start)
    views: dict[str, Any] = {}
    for column in COLUMNS:
        rows = words.get(Header.CAPACITY if column.rows == "entity" else Header.RESOURCES)
        place = start + layout.offsets[column.name]
        view = np.frombuffer(words.memory, column.dtype, rows * column.width, place)
        views[column.name] = view if column.width == 1 else view.reshape(rows, column.width)
    scalars = whole[:STATE_BYTES].view(np.int64)
    first = State.PARAMETERS >> 3
    return Buffer(
        scalars=scalars,
        parameters=scalars[first : first + 64].view(np.float64),
        state_block=whole[:STATE_BYTES],
        whole=whole,
        **views,
    )


assert NEVER == 2**64 - 1, "HOLD_AFTER reads as -1 in a signed view"
