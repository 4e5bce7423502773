"""What an arena says of itself: its columns, scalars and parameters, parsed and checked once.

Owns: the form of the schema JSON as readers need it. Does not own: writing one
(`zones/world/columns.py`), where buffers lie (`Kernel/contract/arena.py`).
Pure. A reader follows the schema and knows no column by heart but `state`, which tells who lives:
so an arena of another build can be read as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from Kernel.contract.arena import PARAMETERS_MAX, STATE_BYTES, State
from Kernel.contract.errors import ArenaError

Array = NDArray[Any]  # what a column holds is said by the arena, at run time

COLUMNS_MAX: Final = 256
SCALARS_MAX: Final = 256
COUNT_MAX: Final = 2**32
WIDTH_MAX: Final = 4096
LENGTH_MAX: Final = 1e12
SCALAR_TYPES: Final = ("<i8", "<f8")
STATE_COLUMN: Final = "state"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a buffer.

    Args:
        rows: what a row stands for: "entity", "resource", "ground", "log".
        count: rows; `width` values each.
        offset: bytes from the begin of a buffer.
    """

    name: str
    dtype: str
    rows: str
    count: int
    width: int
    planar: bool
    offset: int

    @property
    def size_bytes(self) -> int:
        """Bytes it takes in a buffer."""
        return self.count * self.width * np.dtype(self.dtype).itemsize

    @property
    def short_name(self) -> str:
        """The name inside its own rows: `resource_x` of a resource is `x`."""
        return self.name.removeprefix(f"{self.rows}_")

    def view(self, buffer: Array) -> Array:
        """Return the column in a buffer's bytes, shape (count,) or (count, width); no copy.

        A planar column lies value after value of all rows, any other row after row.
        """
        flat: Array = buffer[self.offset : self.offset + self.size_bytes].view(self.dtype)
        if self.width == 1:
            return flat
        if self.planar:
            return flat.reshape(self.width, self.count).T
        return flat.reshape(self.count, self.width)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number of the state block; `offset` in bytes from its begin."""

    name: str
    dtype: str
    offset: int


@dataclass(frozen=True, slots=True)
class Schema:
    """One arena's description of itself.

    Args:
        width, height: lengths of the world's sides.
        ground_shape: (rows, cols) of the ground's cells, each `ground_cell` long and wide.
        columns: by name.
        parameters: names in the order of their places.
        genes: names of the values of a dna.
    """

    capacity: int
    resources: int
    width: float
    height: float
    ground_shape: tuple[int, int]
    ground_cell: float
    columns: Mapping[str, Column]
    scalars: tuple[Scalar, ...]
    parameters: tuple[str, ...]
    genes: tuple[str, ...]

    def read_scalars(self, state_block: Array) -> dict[str, int | float]:
        """Return the scalars in a state block's bytes, shape (STATE_BYTES,)."""
        return {
            each.name: state_block[each.offset : each.offset + 8].view(each.dtype)[0].item()
            for each in self.scalars
        }

    def read_parameters(self, state_block: Array) -> dict[str, float]:
        """Return the parameters in a state block's bytes, shape (STATE_BYTES,)."""
        end = State.PARAMETERS + 8 * len(self.parameters)
        values = state_block[State.PARAMETERS : end].view("<f8")
        return dict(zip(self.parameters, values.tolist(), strict=True))


def parse_schema(text: bytes, buffer_bytes: int) -> Schema:
    """Check a schema and return it.

    Args:
        buffer_bytes: size of a buffer; no column may reach past it.

    Raises:
        ArenaError: a key is missing or of the wrong form, or a place lies outside its block.
    """
    try:
        return _parse(json.loads(text), buffer_bytes)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArenaError(f"cannot read the arena's schema: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _parse(told: dict[str, Any], buffer_bytes: int) -> Schema:
    ground = told["ground"]
    shape = _whole(ground["rows"], "ground rows"), _whole(ground["cols"], "ground cols")
    columns = [_column(each, buffer_bytes) for each in _listed(told["columns"], COLUMNS_MAX)]
    scalars = [_scalar(each) for each in _listed(told["scalars"], SCALARS_MAX)]
    schema = Schema(
        capacity=_whole(told["capacity"], "capacity"),
        resources=_whole(told["resources"], "resources"),
        width=_length(told["width"], "width"),
        height=_length(told["height"], "height"),
        ground_shape=shape,
        ground_cell=_length(ground["cell"], "ground cell"),
        columns={each.name: each for each in columns},
        scalars=tuple(scalars),
        parameters=tuple(map(_name, _listed(told["parameters"], PARAMETERS_MAX))),
        genes=tuple(map(_name, _listed(told["genes"], WIDTH_MAX))),
    )
    for names in ([each.name for each in columns], [each.name for each in scalars]):
        if len(set(names)) != len(names):
            raise ValueError(f"a name stands twice among {names}")
    _check_counts(schema)
    return schema


def _check_counts(schema: Schema) -> None:
    """Raise ValueError unless columns of the same rows are equally long, and `state` is there."""
    rows, cols = schema.ground_shape
    counts = {"entity": schema.capacity, "resource": schema.resources, "ground": rows * cols}
    for column in schema.columns.values():
        if counts.get(column.rows, column.count) != column.count:
            raise ValueError(
                f"column {column.name} has {column.count} rows, "
                f"{column.rows} columns have {counts[column.rows]}"
            )
    state = schema.columns.get(STATE_COLUMN)
    if state is None or (state.rows, state.width) != ("entity", 1):
        raise ValueError(f"it has no column {STATE_COLUMN!r} of entities")


def _column(told: dict[str, Any], buffer_bytes: int) -> Column:
    column = Column(
        name=_name(told["name"]),
        dtype=str(told["type"]),
        rows=_name(told["rows"]),
        count=_whole(told["count"], "count"),
        width=_whole(told["width"], "width"),
        planar=told.get("planar", False) is True,
        offset=_whole(told["offset"], "offset"),
    )
    kind = np.dtype(column.dtype)
    if kind.kind not in "iufb" or kind.itemsize > 8 or column.width > WIDTH_MAX:
        raise ValueError(f"column {column.name} holds {column.width} values of type {kind}")
    if column.offset < STATE_BYTES or column.offset + column.size_bytes > buffer_bytes:
        raise ValueError(
            f"column {column.name} lies at {column.offset} to "
            f"{column.offset + column.size_bytes}, a buffer has {buffer_bytes} bytes"
        )
    return column


def _scalar(told: dict[str, Any]) -> Scalar:
    scalar = Scalar(_name(told["name"]), str(told["type"]), _whole(told["offset"], "offset", 0))
    if scalar.dtype not in SCALAR_TYPES or scalar.offset > STATE_BYTES - 8 or scalar.offset % 8:
        raise ValueError(f"scalar {scalar.name} is of type {scalar.dtype} at {scalar.offset}")
    return scalar


def _listed(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise TypeError(f"a list of at most {most} entries is {str(value)[:80]}")
    return value


def _whole(value: object, what: str, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= COUNT_MAX:
        raise ValueError(f"{what} is {value!r}, it takes a whole number from {least}")
    return value


def _length(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LENGTH_MAX:
        raise ValueError(f"{what} is {value!r}, it takes a length above 0")
    return float(value)


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier() or value.startswith("_"):
        raise ValueError(f"{value!r} is no name")
    return value
