"""Founding a world: how large its arena must be, and what tick 0 holds.

Owns: the plan, tick 0. Does not own: making or reserving the file (the caller does), founding
from a snapshot (`zones/runtime/arena_image.py`), nor later ticks (`engine.py`).

Founders are put into slots along a Morton curve, so that neighbours in the world are neighbours
in memory; births keep it so (`lifecycle.py`). The search for food then reads warm cache lines.
"""

import hashlib
import platform
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from Kernel.contract.arena import (
    HEADER_BYTES,
    NEVER,
    PARAMETERS_MAX,
    STATE_BYTES,
    ArenaWords,
    Buffers,
    Header,
    State,
    new_header,
    plan_buffers,
)
from zones.runtime import random_streams
from zones.runtime.numba_setup import COMPILER, SOURCES
from zones.world import columns
from zones.world.bodies import largest_radius
from zones.world.colours import GOLDEN, hue_colours
from zones.world.columns import FIRST_ID, GENES, U64, Buffer, Layout, open_world, plan_layout
from zones.world.genes import COLOUR, SIZE, grains_of
from zones.world.grid import FineGrid, cells_of, plan_grid
from zones.world.landscape import Land, fertility_at, heights, warmth_at
from zones.world.parameters import (
    AGE_MAX,
    BODY_RADIUS,
    FOUNDER_ENERGY,
    GENE_EFFECT,
    MAX_ENERGY,
    RESOURCE_MAX,
)
from zones.world.settings import WorldSettings
from zones.world.weather import weather_at

_TRAITS: Final = Path(__file__).resolve().parents[1] / "traits"
"""What a trait does is decided there, and its machine code is made anew with each change."""


class FoundingPlan(NamedTuple):
    """What the maker of an arena file must know: its size and where things will lie."""

    file_bytes: int
    buffers: Buffers
    schema: bytes


def plan(settings: WorldSettings) -> FoundingPlan:
    """Return the size and layout of an arena for these settings."""
    layout = plan_layout(settings.extent)
    buffers = plan_buffers(len(layout.schema), layout.columns_bytes)
    return FoundingPlan(buffers.file_bytes, buffers, layout.schema)


def found(words: ArenaWords, settings: WorldSettings) -> None:
    """Write header, schema and tick 0 into an empty arena of `plan(settings).file_bytes`.

    Both buffers hold tick 0 afterwards. CREATED_NS, ARENA_ID, owner, epoch and pacing words are
    the caller's.
    """
    layout = plan_layout(settings.extent)
    buffers = plan(settings).buffers
    assert len(words.memory) == buffers.file_bytes, "the file has the planned size"
    new_header(words, buffers)
    _identify(words, settings, layout)
    world = open_world(words)
    first = world.buffer(0)
    grid = plan_grid(settings.world_width, settings.world_height, settings.resources)
    _state(words, first, settings, grid)
    land = Land(
        settings.seed,
        settings.hill_length,
        settings.hill_height,
        settings.hill_warmth,
        settings.fertility_contrast,
    )
    _ground(first, settings, land)
    _food(first, settings, grid, land)
    _molbots(first, settings)
    _open_books(first)
    world.buffer(1).whole[:] = first.whole


@lru_cache(maxsize=1)
def build_id() -> bytes:
    """Return 32 bytes that name the sources deciding a tick, and the compiler versions."""
    digest = hashlib.sha256(f"{SOURCES} {COMPILER}".encode())
    for path in sorted(_TRAITS.rglob("*.py")):
        digest.update(path.relative_to(_TRAITS).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.digest()


def cpu_family() -> str:
    """Return the machine's architecture and CPU, at most 64 bytes of UTF-8."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    model = next((line.split(":", 1)[1] for line in lines if line.startswith("model name")), "")
    name = f"{platform.machine()} {model.strip()}".strip()
    return name.encode()[:64].decode(errors="ignore")


def _identify(words: ArenaWords, settings: WorldSettings, layout: Layout) -> None:
    words.put(Header.CAPACITY, settings.max_entities)
    words.put(Header.RESOURCES, settings.resources)
    words.put(Header.SEED, settings.seed)
    words.put_bytes(Header.SCHEMA_HASH, layout.schema_hash)
    words.put_bytes(Header.BUILD, build_id())
    words.put_bytes(Header.CPU, cpu_family().encode().ljust(64, b"\0"))
    words.put_bytes(HEADER_BYTES, layout.schema)
    words.put(Header.COMMIT, 0)


def _state(words: ArenaWords, buffer: Buffer, settings: WorldSettings, grid: FineGrid) -> None:
    buffer.state_block[:] = 0
    words.put_state(0, State.HOLD_AFTER, NEVER)
    words.put_state(0, State.POPULATION, settings.entities)
    words.put_state(0, State.NEXT_ID, FIRST_ID + settings.entities)
    words.put_state(0, State.FREE_COUNT, settings.max_entities - settings.entities)
    words.put_state(0, columns.NEXT_LINEAGE, settings.entities + 1)
    words.put_state(0, State.LINEAGES, settings.entities if settings.founder_variety else 1)
    assert len(settings.parameters) <= PARAMETERS_MAX
    buffer.parameters[: len(settings.parameters)] = settings.parameters
    reals = buffer.reals
    reals[columns.WIDTH >> 3] = settings.world_width
    reals[columns.HEIGHT >> 3] = settings.world_height
    reals[columns.CELL >> 3] = grid.cell
    words.put_state(0, columns.GRID_COLS, grid.cols)
    words.put_state(0, columns.GRID_ROWS, grid.rows)
    reals[columns.LARGEST_RADIUS >> 3] = largest_radius(settings.parameters)
    weather = weather_at(0, settings.parameters)
    reals[columns.LIGHT >> 3] = weather.light
    reals[columns.TEMPERATURE_NOW >> 3] = weather.temperature
    assert columns.LOG_TOLD < STATE_BYTES


def _ground(buffer: Buffer, settings: WorldSettings, land: Land) -> None:
    """Write height and warmth of each ground cell, taken in its middle."""
    extent = settings.extent
    cells = np.arange(extent.ground_cols * extent.ground_rows)
    x = (cells % extent.ground_cols + 0.5) * extent.ground_cell
    y = (cells // extent.ground_cols + 0.5) * extent.ground_cell
    height = heights(land, x, y)
    buffer.ground_height[:] = height * settings.hill_height
    buffer.ground_warmth[:] = warmth_at(land, height)


def _food(buffer: Buffer, settings: WorldSettings, grid: FineGrid, land: Land) -> None:
    key = random_streams.tick_key(settings.seed, 0)
    number = np.arange(settings.resources, dtype=np.uint64)
    stream = random_streams.FOUNDING_FOOD
    x = random_streams.many_units(key, number, stream, 0) * np.float32(settings.world_width)
    y = random_streams.many_units(key, number, stream, 1) * np.float32(settings.world_height)
    amount = random_streams.many_units(key, number, stream, 2)
    order = np.argsort(cells_of(x, y, grid), kind="stable")
    buffer.resource_x[:] = x[order]
    buffer.resource_y[:] = y[order]
    height = heights(land, buffer.resource_x, buffer.resource_y)
    buffer.resource_fertility[:] = fertility_at(land, height)
    highest = np.float32(settings.parameters[RESOURCE_MAX])
    buffer.resource_amount[:] = amount[order] * highest


def _molbots(buffer: Buffer, settings: WorldSettings) -> None:
    count = settings.entities
    rules = settings.parameters
    key = random_streams.tick_key(settings.seed, 0)
    number = np.arange(count, dtype=np.uint64)
    stream = random_streams.FOUNDING_PLACE
    unit_x = random_streams.many_units(key, number, stream, 0)
    unit_y = random_streams.many_units(key, number, stream, 1)
    order = np.argsort(_morton(unit_x, unit_y), kind="stable")
    living = slice(0, count)
    buffer.x[living] = unit_x[order] * np.float32(settings.world_width)
    buffer.y[living] = unit_y[order] * np.float32(settings.world_height)
    buffer.id[living] = np.arange(FIRST_ID, FIRST_ID + count)
    buffer.state[living] = columns.ALIVE
    buffer.parent[living] = columns.NO_PARENT
    ids = buffer.id[living].astype(np.uint64)
    share = np.float32(settings.founder_age_share * rules[AGE_MAX])
    ages = random_streams.many_units(key, ids, random_streams.FOUNDING_AGE, 0) * share
    buffer.age[living] = ages.astype(np.int32)
    buffer.born_at[living] = -buffer.age[living]
    variety = np.float32(settings.founder_variety)
    for gene in range(GENES):
        drawn = random_streams.many_units(key, ids, random_streams.GENES, gene)
        buffer.dna[living, gene] = np.float32(0.5) + variety * (drawn - np.float32(0.5))
    # Hues a golden section apart, so that the founders' lineages can be told from each other.
    turns = np.arange(1, count + 1) * GOLDEN
    hues = (turns - np.floor(turns)).astype(np.float32)
    buffer.dna[living, COLOUR] = np.float32(0.5) + variety * (hues - np.float32(0.5))
    buffer.lineage[living] = ids.astype(np.uint32) if variety else 1
    buffer.founder_dna[living] = grains_of(buffer.dna[living])
    buffer.colour[living] = hue_colours(buffer.dna[living, COLOUR])
    size = np.float32(1.0) + np.float32(rules[GENE_EFFECT]) * (
        buffer.dna[living, SIZE] - np.float32(0.5)
    )
    buffer.radius[living] = np.float32(rules[BODY_RADIUS]) * size
    buffer.max_energy[living] = np.float32(rules[MAX_ENERGY]) * size * size
    buffer.energy[living] = np.minimum(np.float32(rules[FOUNDER_ENERGY]), buffer.max_energy[living])


def _open_books(buffer: Buffer) -> None:
    """Note the energy the world begins with, so that its books can be checked ever after."""
    buffer.reals[columns.ENERGY_FOUNDED >> 3] = sum_in_order(buffer.energy)
    buffer.reals[columns.FOOD_FOUNDED >> 3] = sum_in_order(buffer.resource_amount)


def sum_in_order(values: columns.F32 | columns.F64) -> float:
    """Return the sum in float64, added up from first to last: numpy's depends on the machine."""
    return float(np.cumsum(values, dtype=np.float64)[-1]) if len(values) else 0.0


def _morton(unit_x: columns.F32, unit_y: columns.F32) -> U64:
    return _spread((unit_x * 4096).astype(np.uint64)) | (
        _spread((unit_y * 4096).astype(np.uint64)) << np.uint64(1)
    )


def _spread(bits: U64) -> U64:
    """Put a zero bit behind each of the low 16 bits."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | bits << np.uint64(shift)) & np.uint64(mask)
    return bits
