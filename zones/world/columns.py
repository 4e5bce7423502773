"""The columns of a world: names, types, places in a buffer, and numpy views over both buffers.

Owns: the schema (what the bytes behind a state block mean) and the views. Does not own: fixed
offsets of header and state block (`Kernel/contract/arena.py`) nor the values.

Hot columns are written anew for every entity in every tick, from the buffer of tick T-1 to that
of tick T. Cold columns change at a birth: both buffers hold the same values, except in the
slots listed as touched by the newer tick, and except where a trait or an input has written
(`warm.py`). A slot is free while its `state` is FREE: the state column is the free list, so nothing
can disagree with it and nothing has to be carried.

Longer than usual: the table of columns and the record of views over them are one list, twice.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from Kernel.contract.arena import NEVER, STATE_BYTES, ArenaWords, Header, State
from Kernel.contract.errors import ArenaError
from zones.traits.contract import MEMORY_SLOTS, MOOD_BYTES, MOODS, NAME_BYTES, SLOTS
from zones.world.parameters import PARAMETERS

GENE_NAMES: Final = (
    "speed", "senses", "metabolism", "size", "fertility", "warmth", "colour", "longevity",
)  # fmt: skip
"""What each place of a dna holds; what a gene does is in `genes.py`."""
GENES: Final = len(GENE_NAMES)
HASH_BYTES: Final = 32
ALIGN_BYTES: Final = 64
EXTENT_MAX: Final = 1e9
"""No world has more slots, places or cells, or is longer; a schema that says so is damaged."""
FREE: Final = 0
ALIVE: Final = 1
NO_PARENT: Final = 0
FIRST_ID: Final = 1
LOG_SPARE: Final = 1024
"""Rows of the log beyond one for each slot. No tick bears and buries more than there are slots, so
a log that is told of whenever this many rows are filled has room for the next tick."""

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
PERIOD_SEEDED: Final = State.OWN + 80
NEXT_LINEAGE: Final = State.OWN + 88
LOG_COUNT: Final = State.OWN + 96
LOG_NEW: Final = State.OWN + 104
LIGHT: Final = State.OWN + 120
TEMPERATURE_NOW: Final = State.OWN + 128
GROWN: Final = State.OWN + 136
EATEN: Final = State.OWN + 144
SPENT: Final = State.OWN + 152
LOST: Final = State.OWN + 160
ENERGY_SEEDED: Final = State.OWN + 168
ENERGY_FOUNDED: Final = State.OWN + 176
FOOD_FOUNDED: Final = State.OWN + 184
LARGEST_RADIUS: Final = State.OWN + 192
DIED_NOW: Final = State.OWN + 200
LOG_TOLD: Final = State.OWN + 208
TRAITS_PUT_OFF: Final = State.OWN + 216
"""zones.world's own scalars in the state block; SCALARS says which are f64, the others are u64. A
place is never given another meaning: a world of another build brings them along by their places."""
OWN_END: Final = TRAITS_PUT_OFF + 8
"""Behind the last of them. What another build has kept there is none of this one's."""

SCALARS: Final = (
    ("tick", "<i8", State.TICK),
    ("population", "<i8", State.POPULATION),
    ("next_id", "<i8", State.NEXT_ID),
    ("free_count", "<i8", State.FREE_COUNT),
    ("births", "<i8", State.BIRTHS),
    ("death_starvation", "<i8", State.DEATH_STARVATION),
    ("death_age", "<i8", State.DEATH_AGE),
    ("death_collision", "<i8", State.DEATH_COLLISION),
    ("seeded", "<i8", State.SEEDED),
    ("lineages", "<i8", State.LINEAGES),
    ("checks_failed", "<i8", State.CHECKS_FAILED),
    ("log_count", "<i8", LOG_COUNT),
    ("lives_untold", "<i8", State.LIVES_UNTOLD),
    ("width", "<f8", WIDTH),
    ("height", "<f8", HEIGHT),
    ("light", "<f8", LIGHT),
    ("temperature", "<f8", TEMPERATURE_NOW),
    ("energy_grown", "<f8", GROWN),
    ("energy_eaten", "<f8", EATEN),
    ("energy_spent", "<f8", SPENT),
    ("energy_lost", "<f8", LOST),
    ("energy_seeded", "<f8", ENERGY_SEEDED),
    ("energy_founded", "<f8", ENERGY_FOUNDED),
    ("food_founded", "<f8", FOOD_FOUNDED),
    ("traits_active", "<i8", State.TRAITS_ACTIVE),
    ("registry_version", "<i8", State.REGISTRY_VERSION),
    ("traits_put_off", "<i8", TRAITS_PUT_OFF),
)
"""What the schema tells readers of the state block: name, type, offset."""

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `rows` is what each row stands for, `width` values in each row.

    Where a row has several values they lie value after value of all rows ("planar"): loops over
    rows read neighbouring numbers, and become vector instructions.
    `default` fills the column of a world that comes from a build without it; None: there is no
    world without it (`migration.py`).
    """

    name: str
    dtype: str
    rows: str = "entity"
    width: int = 1
    hot: bool = False
    default: float | None = 0.0


COLUMNS: Final = (
    Column("x", "<f4", hot=True, default=None),
    Column("y", "<f4", hot=True, default=None),
    Column("vx", "<f4", hot=True),
    Column("vy", "<f4", hot=True),
    Column("energy", "<f4", hot=True, default=None),
    Column("age", "<i4", hot=True, default=None),
    Column("state", "|u1", hot=True, default=None),
    Column("id", "<i8", default=None),
    Column("parent", "<i8"),
    Column("lineage", "<u4", default=1),
    Column("generation", "<i4"),
    Column("born_at", "<i4", default=None),
    Column("max_energy", "<f4", default=100.0),
    Column("radius", "<f4", default=4.0),
    Column("colour", "<u4", default=0xFB93B4),
    Column("dna", "<f4", width=GENES, default=0.5),
    Column("founder_dna", "|u1", width=GENES, default=128),
    Column("trait_bits", "<u8"),
    Column("deactivated_bits", "<u8"),
    Column("last_fuel", "<u4"),
    Column("mood", "|u1"),
    Column("ready", "<u8"),
    Column("touched", "<i4"),
    Column("resource_amount", "<f4", rows="resource", hot=True, default=None),
    Column("resource_x", "<f4", rows="resource", default=None),
    Column("resource_y", "<f4", rows="resource", default=None),
    Column("resource_fertility", "<f4", rows="resource", default=1.0),
    Column("ground_height", "<f4", rows="ground"),
    Column("ground_warmth", "<f4", rows="ground"),
    Column("log_id", "<i8", rows="log"),
    Column("log_parent", "<i8", rows="log"),
    Column("log_lineage", "<u4", rows="log"),
    Column("log_tick", "<i4", rows="log"),
    Column("log_cause", "|u1", rows="log"),
    # The registry: what a trait slot holds (`registry.py`), one block of bytes (`Buffer.registry`).
    Column("slot_hash", "|u1", rows="slot", width=HASH_BYTES),
    Column("slot_name", "|u1", rows="slot", width=NAME_BYTES),
    Column("slot_version", "<u4", rows="slot"),
    Column("slot_tier", "|u1", rows="slot"),
    Column("slot_status", "|u1", rows="slot"),
    Column("slot_state", "|u1", rows="slot"),
    Column("slot_memory_first", "|u1", rows="slot"),
    Column("slot_memory_count", "|u1", rows="slot"),
    Column("slot_before", "|u1", rows="slot"),
    Column("slot_since", "<i8", rows="slot"),
    Column("slot_calls", "<i8", rows="slot"),
    Column("slot_fuel", "<i8", rows="slot"),
    Column("slot_faults", "<i8", rows="slot"),
    Column("slot_cost", "<i8", rows="slot"),
    Column("mood_name", "|u1", rows="mood", width=MOOD_BYTES),
    # A copy leaves out what is not in use of these (`State.MEMORY_PLACES_USED`).
    Column("trait_faults", "|u1", width=SLOTS),
    Column("trait_memory", "<i8", width=MEMORY_SLOTS),
)
"""`touched` is no column of entities but a list: its first TOUCHED_COUNT values are the slots
whose cold columns this tick has written. `founder_dna` are the genes of the lineage's founder in
grains (`genes.py`). Ground cells lie row after row. The log holds births and deaths that are not
told yet (`lineage_log.py`). The width of `trait_memory` is that of the world's extent; of it and of
`trait_faults` only what the registry has given away means anything."""
PRIVATE: Final = ("trait_faults", "trait_memory")
GENE_COLUMNS: Final = ("dna", "founder_dna")
LOG: Final = tuple(column.name for column in COLUMNS if column.rows == "log")
HOT: Final = tuple(column.name for column in COLUMNS if column.rows == "entity" and column.hot)
COLD: Final = tuple(
    column.name
    for column in COLUMNS
    if column.rows == "entity" and not column.hot and column.name not in ("touched", *PRIVATE)
)
BODY: Final = COLD[: COLD.index("trait_bits")]
"""Of the cold columns, those that a birth makes; the others are of its traits."""
TRAIT_COLUMNS: Final = (*COLD[len(BODY) :], *PRIVATE)


class Extent(NamedTuple):
    """How large a world is: slots, food places, ground cells, length of its sides.

    `memory_slots` are places of the trait memory, 8 bytes for each Molbot.
    """

    capacity: int
    resources: int
    ground_cols: int
    ground_rows: int
    ground_cell: float
    width: float
    height: float
    memory_slots: int = MEMORY_SLOTS

    def rows(self) -> dict[str, int]:
        """Return how many rows a column has, by what a row stands for."""
        return {
            "entity": self.capacity,
            "resource": self.resources,
            "ground": self.ground_cols * self.ground_rows,
            "log": self.capacity + LOG_SPARE,
            "slot": SLOTS,
            "mood": MOODS,
        }

    def width_of(self, column: "Column") -> int:
        """Return how many values a row of a column has in a world of this extent."""
        return self.memory_slots if column.name == "trait_memory" else column.width


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column lies, in bytes from the begin of a buffer."""

    extent: Extent
    offsets: dict[str, int]
    columns_bytes: int
    schema: bytes
    schema_hash: bytes


@lru_cache(maxsize=8)
def plan_layout(extent: Extent) -> Layout:
    """Return the layout and schema of a world of this extent."""
    offsets: dict[str, int] = {}
    listed: list[dict[str, Any]] = []
    rows = extent.rows()
    place = STATE_BYTES
    for column in COLUMNS:
        width = extent.width_of(column)
        offsets[column.name] = place
        listed.append(
            {
                "name": column.name,
                "type": column.dtype,
                "rows": column.rows,
                "count": rows[column.rows],
                "width": width,
                "planar": width > 1,
                "hot": column.hot,
                "offset": place,
            }
        )
        size = rows[column.rows] * width * np.dtype(column.dtype).itemsize
        place += (size + ALIGN_BYTES - 1) // ALIGN_BYTES * ALIGN_BYTES
    described = {
        "capacity": extent.capacity,
        "resources": extent.resources,
        "ground": {
            "cols": extent.ground_cols,
            "rows": extent.ground_rows,
            "cell": extent.ground_cell,
        },
        "width": extent.width,
        "height": extent.height,
        "trait_memory_slots": extent.memory_slots,
        "columns": listed,
        "parameters": [parameter.name for parameter in PARAMETERS],
        "scalars": [
            {"name": name, "type": kind, "offset": offset} for name, kind, offset in SCALARS
        ],
        "genes": list(GENE_NAMES),
    }
    schema = json.dumps(described, separators=(",", ":"), sort_keys=True).encode()
    return Layout(extent, offsets, place - STATE_BYTES, schema, schema_hash())


def read_extent(schema: bytes) -> Extent:
    """Return the extent that a schema tells of.

    Raises:
        ArenaError: it is no schema of a world.
    """
    try:
        told = json.loads(schema)
        ground = told["ground"]
        extent = Extent(
            int(told["capacity"]),
            int(told["resources"]),
            int(ground["cols"]),
            int(ground["rows"]),
            float(ground["cell"]),
            float(told["width"]),
            float(told["height"]),
            int(told.get("trait_memory_slots", MEMORY_SLOTS)),
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ArenaError(f"cannot read the arena's schema: {error}") from error
    # Written so that what is no number is refused.
    if not all(0 < size <= EXTENT_MAX for size in extent):
        raise ArenaError(
            f"cannot read the arena's schema: a world has some extent, at most {EXTENT_MAX:g}"
        )
    return extent


@lru_cache(maxsize=1)
def schema_hash() -> bytes:
    """Return what names this build's columns and parameters, whatever the size of a world."""
    described = [
        [column.name, column.dtype, column.rows, column.width, column.hot, "planar"]
        for column in COLUMNS
    ]
    names = [parameter.name for parameter in PARAMETERS]
    return hashlib.sha256(json.dumps([described, names, SCALARS]).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """Views over one buffer; shape (rows,) unless a comment says otherwise.

    `scalars` are the words of the state block as signed numbers, `parameters` a part of it.
    """

    scalars: I64  # (STATE_BYTES / 8,)
    parameters: F64  # (PARAMETERS_MAX,)
    state_block: U8  # (STATE_BYTES,)
    whole: U8  # the buffer's bytes
    registry: U8  # the bytes of all `slot_` columns and `mood_name`
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
    dna: F32  # (capacity, GENES), a view of what lies gene after gene
    founder_dna: U8  # (capacity, GENES), likewise
    trait_bits: U64
    deactivated_bits: U64
    last_fuel: U32
    touched: I32
    resource_amount: F32
    resource_x: F32
    resource_y: F32
    resource_fertility: F32
    ground_height: F32
    ground_warmth: F32
    log_id: I64
    log_parent: I64
    log_lineage: U32
    log_tick: I32
    log_cause: U8
    mood: U8
    ready: U64
    slot_hash: U8  # (SLOTS, HASH_BYTES), planar as all of a width
    slot_name: U8  # (SLOTS, NAME_BYTES)
    slot_version: U32
    slot_tier: U8
    slot_status: U8
    slot_state: U8
    slot_memory_first: U8
    slot_memory_count: U8
    slot_before: U8
    slot_since: I64
    slot_calls: I64
    slot_fuel: I64
    slot_faults: I64
    slot_cost: I64
    mood_name: U8  # (MOODS, MOOD_BYTES)
    trait_faults: U8  # (capacity, SLOTS)
    trait_memory: I64  # (capacity, memory_slots)

    def scalar(self, offset: int) -> int:
        """Return a word of the state block."""
        return int(self.scalars[offset >> 3])

    def real(self, offset: int) -> float:
        """Return a word of the state block that holds an f64."""
        return float(self.reals[offset >> 3])

    @property
    def reals(self) -> F64:
        """The words of the state block as f64."""
        return self.scalars.view(np.float64)


@dataclass(frozen=True, slots=True)
class World:
    """An arena with its columns. The views keep the mapping open for as long as they live."""

    words: ArenaWords
    buffers: tuple[Buffer, Buffer]
    extent: Extent
    seed: int

    @property
    def capacity(self) -> int:
        """Slots for Molbots."""
        return self.extent.capacity

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
    schema = words.schema()
    layout = plan_layout(read_extent(schema))
    found = words.get_bytes(Header.SCHEMA_HASH, 32)
    if found != layout.schema_hash or schema != layout.schema:
        raise ArenaError(
            f"cannot open the arena: its schema is {found.hex()[:12]}, "
            f"this build has {layout.schema_hash.hex()[:12]}"
        )
    if words.get(Header.BUFFER_BYTES) < STATE_BYTES + layout.columns_bytes:
        raise ArenaError("cannot open the arena: its buffers are too small for its schema")
    pair = (_views(words, 0, layout), _views(words, 1, layout))
    return World(words, pair, layout.extent, words.get(Header.SEED))


def _views(words: ArenaWords, tick: int, layout: Layout) -> Buffer:
    return view_buffer(
        words.memory, words.buffer_offset(tick), words.get(Header.BUFFER_BYTES), layout
    )


def view_buffer(memory: memoryview | bytearray, start: int, size: int, layout: Layout) -> Buffer:
    """Return views over a buffer of `size` bytes that begins at `start` of some memory."""
    whole = np.frombuffer(memory, np.uint8, size, start)
    counts = layout.extent.rows()
    views: dict[str, Any] = {}
    for column in COLUMNS:
        rows, width = counts[column.rows], layout.extent.width_of(column)
        place = start + layout.offsets[column.name]
        view = np.frombuffer(memory, column.dtype, rows * width, place)
        views[column.name] = view if column.width == 1 else view.reshape(width, rows).T
    scalars = whole[:STATE_BYTES].view(np.int64)
    first = State.PARAMETERS >> 3
    return Buffer(
        scalars=scalars,
        parameters=scalars[first : first + 64].view(np.float64),
        state_block=whole[:STATE_BYTES],
        whole=whole,
        registry=whole[layout.offsets["slot_hash"] : layout.offsets["trait_faults"]],
        **views,
    )


assert NEVER == 2**64 - 1, "HOLD_AFTER reads as -1 in a signed view"
