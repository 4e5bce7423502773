"""What `molt top` needs of an arena: columns, scalars and lengths, checked once for each arena.

Owns: the list, and the refusal of an arena that lacks something. Does not own: the form of a
schema (`zones/client/schema.py`). Pure. An arena of another build can be read as a table all the
same; only drawing it takes these.
"""

from typing import Final

from Kernel.contract.errors import ArenaError
from zones.client.schema import Column, Schema

FLOATS: Final = ("<f4", "<f8")
NUMBERS: Final = ("<u4",)
COLUMNS: Final = {
    "x": ("entity", FLOATS),
    "y": ("entity", FLOATS),
    "vx": ("entity", FLOATS),
    "vy": ("entity", FLOATS),
    "energy": ("entity", FLOATS),
    "max_energy": ("entity", FLOATS),
    "lineage": ("entity", NUMBERS),
    "colour": ("entity", NUMBERS),
    "resource_x": ("resource", FLOATS),
    "resource_y": ("resource", FLOATS),
    "resource_amount": ("resource", FLOATS),
}
"""Rows and types; one value in a row."""
COUNTS: Final = ("births", "death_starvation", "death_age", "death_collision", "seeded")
LENGTH_MIN: Final = 1e-3
LENGTH_MAX: Final = 1e9
ASPECT_MAX: Final = 1000.0


def check_schema(schema: Schema) -> None:
    """Return if the arena can be drawn.

    Raises:
        ArenaError: something is missing or of another type; the message says what.
    """
    lack = _lack(schema)
    if lack:
        raise ArenaError(f"cannot show this arena: {lack}", "molt doctor world")


def _lack(schema: Schema) -> str:
    """Return what is wrong, "" when nothing is."""
    for name, (rows, types) in COLUMNS.items():
        column = schema.columns.get(name)
        if column is None:
            return f"it has no column {name!r}"
        if (column.rows, column.width) != (rows, 1) or column.dtype not in types:
            return f"column {name!r} holds {_form(column)}, not 1 {types[0]} for each {rows}"
    scalars = {each.name: each.dtype for each in schema.scalars}
    for name in COUNTS:
        if scalars.get(name) != "<i8":
            return f"scalar {name!r} is {scalars.get(name, 'missing')}, not <i8"
    sides = sorted((schema.width, schema.height))
    if sides[0] < LENGTH_MIN or sides[1] > LENGTH_MAX or sides[1] > sides[0] * ASPECT_MAX:
        return (
            f"its world is {schema.width:g} × {schema.height:g}; sides of {LENGTH_MIN:g} to "
            f"{LENGTH_MAX:g}, one at most {ASPECT_MAX:g} times the other, can be drawn"
        )
    return ""


def _form(column: Column) -> str:
    return f"{column.width} {column.dtype} for each {column.rows}"
