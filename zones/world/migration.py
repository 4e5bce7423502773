"""Bringing a world of another build, or of another size, to this build's columns.

Owns: which bytes of an old buffer become which of the new one. Does not own: files and the rings
(`service.py`, `zones/runtime/arena_place.py`), whether the result is sound (`inspection.py`).
Pure: an image in, an image out. Both ways: an older build reads a newer world by the same rules.

Columns, parameters and genes are matched by name, as the old schema tells them. The same name
and values that the new type can hold: copied. Unknown here: dropped. Unknown there, or not to be
held: the default that `columns.py` declares. Words of the state block keep their places, which
are never given another meaning; those that the schema tells of are looked up by name.
Food places, ground and sides stay as they are. Slots may become more, all new ones free; or fewer,
if all the living and the untold log fit: then the living move up where they must, in their order.
Places of the trait memory may become more, or fewer, if those that traits use are among them.

The world hash: it is made of this build's columns in this build's order, so another order or
another place in the file changes nothing. Another capacity, or a column more or less, changes it.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from Kernel.contract.arena import PARAMETERS_MAX, STATE_BYTES, State, plan_buffers
from Kernel.contract.errors import ArenaError
from zones.runtime.arena_image import ArenaImage
from zones.world import columns, founding
from zones.world.columns import (
    ALIVE,
    COLUMNS,
    FREE,
    GENE_COLUMNS,
    GENE_NAMES,
    LOG_COUNT,
    LOG_SPARE,
    SCALARS,
    Column,
    Layout,
    plan_layout,
    read_extent,
    view_buffer,
)
from zones.world.parameters import PARAMETERS
from zones.world.registry import mend

COLUMNS_MAX: Final = 1024
WIDTH_MAX: Final = 4096
NAMES_TOLD: Final = 16
_TYPE: Final = re.compile(r"[<|](?:[iuf][1248])")

Values = NDArray[Any]
Places = NDArray[np.intp]


class ToldColumn(NamedTuple):
    """A column as an old schema tells of it; `values` has shape (rows, width)."""

    rows: str
    values: Values


class Told(NamedTuple):
    """What an old schema tells of an old buffer."""

    extent: columns.Extent
    columns: dict[str, ToldColumn]
    parameters: list[str]
    genes: list[str]
    scalars: dict[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a migration did, for people and for the ledger.

    Args:
        added, dropped: columns, genes and parameters that only the new, only the old world has.
        reset: those whose old values the new type cannot hold: they have their defaults.
        refused: why the world has not got the size it should have, "" when it has.
    """

    from_schema: str
    to_schema: str
    from_capacity: int
    to_capacity: int
    tick: int
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    refused: str = ""

    def event(self) -> dict[str, Any]:
        """Return the `world.migrated` event."""
        lists = {name: list(getattr(self, name)[:NAMES_TOLD]) for name in _LISTS}
        return {
            "kind": "world.migrated",
            "tick": self.tick,
            "from_schema": self.from_schema,
            "to_schema": self.to_schema,
            "from_capacity": self.from_capacity,
            "to_capacity": self.to_capacity,
            **lists,
        }

    def sentence(self) -> str:
        """Return what was done, in words."""
        done = []
        if self.from_schema != self.to_schema:
            done.append(f"brought from columns {self.from_schema} to {self.to_schema}")
        for name in _LISTS:
            names = getattr(self, name)
            if names:
                more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
                done.append(f"{name} {', '.join(names[:NAMES_TOLD])}{more}")
        if self.from_capacity != self.to_capacity:
            done.append(f"given {self.to_capacity} slots instead of {self.from_capacity}")
        return f"the world of tick {self.tick} was " + "; ".join(done or ["written anew"])


_LISTS: Final = ("added", "dropped", "reset")


def read_told(image: ArenaImage) -> Told:
    """Return what an image's schema tells of its buffer, as views over the buffer.

    Raises:
        ArenaError: the schema is none, or does not fit the buffer.
    """
    extent = read_extent(image.schema)
    if (extent.capacity, extent.resources) != (image.capacity, image.resources):
        raise ArenaError(
            f"cannot migrate a world: its schema has {extent.capacity} slots and "
            f"{extent.resources} food places, its header {image.capacity} and {image.resources}"
        )
    try:
        told = json.loads(image.schema)
        listed = told["columns"]
        if len(listed) > COLUMNS_MAX:
            raise ValueError(f"{len(listed)} columns, at most {COLUMNS_MAX}")
        found = {str(each["name"]): _read_column(each, image.buffer) for each in listed}
        scalars = {
            str(each["name"]): (str(each["type"]), int(each["offset"])) for each in told["scalars"]
        }
        parameters, genes = list(map(str, told["parameters"])), list(map(str, told["genes"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ArenaError(f"cannot migrate a world: its schema is damaged: {error}") from error
    sound = len(found) == len(listed) and len(parameters) <= PARAMETERS_MAX
    for kind, offset in scalars.values():
        sound = sound and kind in ("<i8", "<f8") and 0 <= offset <= STATE_BYTES - 8
        sound = sound and offset % 8 == 0
    if not sound:
        raise ArenaError("cannot migrate a world: its schema is damaged")
    return Told(extent, found, parameters, genes, scalars)


def _read_column(told: dict[str, Any], buffer: bytearray) -> ToldColumn:
    kind, offset, rows, width = told["type"], told["offset"], told["count"], told["width"]
    if type(kind) is not str or not _TYPE.fullmatch(kind):
        raise ValueError(f"a column of type {kind!r}")
    if not all(type(number) is int and number >= 0 for number in (offset, rows, width)):
        raise ValueError("a column with a size that is no number")
    size = rows * width * np.dtype(kind).itemsize
    if offset < STATE_BYTES or width not in range(1, WIDTH_MAX) or offset + size > len(buffer):
        raise ValueError(f"a column of {size} bytes at {offset} in a buffer of {len(buffer)}")
    values = np.frombuffer(buffer, kind, rows * width, offset)
    shape = values.reshape(width, rows).T if told["planar"] else values.reshape(rows, width)
    return ToldColumn(str(told["rows"]), shape)


def migrate(
    image: ArenaImage, capacity: int, parameters: tuple[float, ...], memory_slots: int = 0
) -> tuple[ArenaImage, Changes]:
    """Return the image of the same world in this build's columns, and what that changed.

    Args:
        image: not changed.
        capacity: slots it should have; where the living do not fit it keeps its own.
        parameters: values by index, for those that the old world does not know.
        memory_slots: places of the trait memory it should have, 0: as many as it has; where those
            in use do not fit it keeps its own.

    Raises:
        ArenaError: its schema is damaged, or it lacks something no world can be without.
    """
    told = read_told(image)
    alive = _find_living(told)
    extent, refused = _plan_extent(image, told, len(alive), capacity, memory_slots)
    layout, capacity = plan_layout(extent), extent.capacity
    buffers = plan_buffers(len(layout.schema), layout.columns_bytes)
    buffer = bytearray(buffers.buffer_bytes)
    notes: dict[str, list[str]] = {name: [] for name in _LISTS}
    places = _plan_slots(alive, told.extent.capacity, capacity)
    for column in COLUMNS:
        _write_column(buffer, layout, column, told, places, notes)
    notes["dropped"] += [name for name in told.columns if name not in layout.offsets]
    for kind, old, new in (
        ("gene", told.genes, list(GENE_NAMES)),
        ("parameter", told.parameters, [parameter.name for parameter in PARAMETERS]),
    ):
        notes["added"] += [f"{kind} {name}" for name in new if name not in old]
        notes["dropped"] += [f"{kind} {name}" for name in old if name not in new]
    _write_state(buffer, image, told, capacity - len(alive))
    _write_parameters(buffer, image, told, parameters, notes["reset"])
    mend(view_buffer(buffer, 0, len(buffer), layout))
    changes = Changes(
        from_schema=image.schema_hash.hex()[:12],
        to_schema=layout.schema_hash.hex()[:12],
        from_capacity=told.extent.capacity,
        to_capacity=capacity,
        tick=image.tick,
        refused=refused,
        **{name: tuple(names) for name, names in notes.items()},
    )
    moved = replace(
        image,
        schema=layout.schema,
        schema_hash=layout.schema_hash,
        capacity=capacity,
        build=founding.build_id(),
        buffer=buffer,
    )
    return moved, changes


def _used_places(told: Told) -> int:
    """Return how many places of the trait memory, from the first on, traits of a world use."""
    first, count = told.columns.get("slot_memory_first"), told.columns.get("slot_memory_count")
    if first is None or count is None or first.values.shape != count.values.shape:
        return 0
    ends = first.values.astype(np.int64) + count.values.astype(np.int64)
    return int(ends[count.values != 0].max(initial=0))


def _find_living(told: Told) -> Places:
    state = told.columns.get("state")
    if state is None or state.values.shape != (told.extent.capacity, 1):
        raise ArenaError("cannot migrate a world: it does not say which slots live")
    return np.flatnonzero(state.values[:, 0] == ALIVE)


def _plan_extent(
    image: ArenaImage, told: Told, living: int, capacity: int, memory_slots: int
) -> tuple[columns.Extent, str]:
    """Return the extent of the new world, and why it is not the one that was asked for."""
    extent = told.extent
    why = [_refuse_size(image, told, living, capacity)]
    used = _used_places(told)
    if memory_slots and used > memory_slots:
        why.append(
            f"cannot give the world {memory_slots} places of trait memory: traits use {used}; "
            f"it keeps its {extent.memory_slots}"
        )
        memory_slots = 0
    if not why[0]:
        extent = extent._replace(capacity=capacity)
    if memory_slots:
        extent = extent._replace(memory_slots=memory_slots)
    return extent, "; ".join(filter(None, why))


def _refuse_size(image: ArenaImage, told: Told, living: int, capacity: int) -> str:
    """Return why a world cannot have so many slots, "" when it can."""
    if capacity >= told.extent.capacity:
        return ""
    untold = int(np.frombuffer(image.buffer, "<i8", 1, LOG_COUNT)[0])
    for count, most, what in (
        (living, capacity, "live in it"),
        (untold, LOG_SPARE, "births and deaths wait to be told"),
    ):
        if count > most:
            return (
                f"cannot give the world {capacity} slots: {count} {what}; "
                f"it keeps its {told.extent.capacity}"
            )
    return ""


def _plan_slots(alive: Places, old: int, new: int) -> Places:
    """Return old slots in the order in which they fill the new ones from 0 on."""
    if new >= old or not len(alive) or alive[-1] < new:
        return np.arange(min(old, new))
    return alive


def _write_column(
    buffer: bytearray,
    layout: Layout,
    column: Column,
    told: Told,
    places: Places,
    notes: dict[str, list[str]],
) -> None:
    rows, width = layout.extent.rows()[column.rows], layout.extent.width_of(column)
    flat = np.frombuffer(buffer, column.dtype, rows * width, layout.offsets[column.name])
    new: Values = flat.reshape(width, rows).T
    if column.name == "touched":
        return  # a list of what differs between the buffers; they are equal now
    old = told.columns.get(column.name)
    if column.default is not None and column.rows != "log":
        new[:] = column.default
    kept = None if old is None or old.rows != column.rows else old.values
    if kept is not None:
        kept = kept[places] if column.rows == "entity" else kept[:rows]
        kept = _fit_width(kept, column, width, told.genes)
    held = kept is not None and _can_hold(np.dtype(column.dtype), kept)
    if kept is not None and held and (column.rows in ("entity", "log") or len(kept) == rows):
        new[: len(kept)] = kept
        if column.name == "state":
            new[len(kept) :] = FREE
        return
    if column.default is None:
        raise ArenaError(f"cannot migrate a world: its column {column.name} cannot be used")
    notes["added" if old is None else "reset"].append(column.name)


def _fit_width(values: Values, column: Column, width: int, genes: list[str]) -> Values | None:
    """Return the values of a column of this width; None: they cannot be told apart.

    Genes are matched by name. Places of the trait memory that are cut off are in no use.
    """
    if column.name == "trait_memory":
        fitted = np.zeros((len(values), width), values.dtype)
        fitted[:, : values.shape[1]] = values[:, :width]
        return fitted
    if column.name not in GENE_COLUMNS:
        return values if values.shape[1] == width else None
    if values.shape[1] != len(genes):
        return None
    fitted = np.full((len(values), column.width), column.default, values.dtype)
    for place, name in enumerate(GENE_NAMES):
        if name in genes:
            fitted[:, place] = values[:, genes.index(name)]
    return fitted


def _can_hold(kind: np.dtype[Any], values: Values) -> bool:
    """Tell whether a type holds these values; a float may round them."""
    if np.can_cast(values.dtype, kind, "safe"):
        return True
    with np.errstate(all="ignore"):
        there = values.astype(kind)
        if values.dtype.kind == "f" and kind.kind == "f":
            return bool(np.array_equal(np.isfinite(there), np.isfinite(values)))
        return bool(np.array_equal(there.astype(values.dtype), values))


def _write_state(buffer: bytearray, image: ArenaImage, told: Told, free: int) -> None:
    buffer[:STATE_BYTES] = image.buffer[:STATE_BYTES]
    buffer[columns.OWN_END : STATE_BYTES] = bytes(STATE_BYTES - columns.OWN_END)
    old = np.frombuffer(image.buffer, "<i8", STATE_BYTES // 8)
    new = np.frombuffer(buffer, "<i8", STATE_BYTES // 8)
    for name, kind, offset in SCALARS:
        # A word that the old schema does not tell of is where it was: see `OWN_END`.
        if told.scalars.get(name, ("", -1))[0] == kind:
            new[offset >> 3] = old[told.scalars[name][1] >> 3]
    new[State.FREE_COUNT >> 3] = free
    new[State.TOUCHED_COUNT >> 3] = 0


def _write_parameters(
    buffer: bytearray,
    image: ArenaImage,
    told: Told,
    parameters: tuple[float, ...],
    reset: list[str],
) -> None:
    old = np.frombuffer(image.buffer, "<f8", PARAMETERS_MAX, State.PARAMETERS)
    new = np.frombuffer(buffer, "<f8", PARAMETERS_MAX, State.PARAMETERS)
    new[:] = 0.0
    for parameter in PARAMETERS:
        value = parameters[parameter.index]
        if parameter.name in told.parameters:
            known = float(old[told.parameters.index(parameter.name)])
            if parameter.low <= known <= parameter.high:
                value = known
            else:
                reset.append(f"parameter {parameter.name}")
        new[parameter.index] = value
