"""A schema is data from a file: it is read, or refused, and never leads outside a buffer."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.arena import PARAMETERS_MAX, STATE_BYTES
from Kernel.contract.errors import ArenaError
from tests.zones.client.paper_world import GENES, PARAMETERS, describe
from zones.client.schema import parse_schema

BUFFER_BYTES = 16 * 1024
SOUND = describe(6, 4)


def parse(told: object, buffer_bytes: int = BUFFER_BYTES):
    """Parse a schema given as data."""
    return parse_schema(json.dumps(told).encode(), buffer_bytes)


def changed(path: tuple, value: object) -> dict:
    """Return the sound schema with one value in it replaced."""
    told = copy.deepcopy(SOUND)
    place = told
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return told


def test_sound_schema() -> None:
    """What a world tells is what is read."""
    schema = parse(SOUND)
    assert (schema.capacity, schema.resources, schema.ground_shape) == (6, 4, (3, 5))
    assert (schema.width, schema.height, schema.ground_cell) == (200.0, 100.0, 40.0)
    assert (schema.parameters, schema.genes) == (tuple(PARAMETERS), tuple(GENES))
    assert schema.columns["dna"].width == 8 and schema.columns["resource_x"].short_name == "x"
    assert [each.name for each in schema.scalars][:2] == ["tick", "population"]


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("capacity",), 5, "column x has 6 rows, entity columns have 5"),
        (("ground", "cols"), 0, "ground cols is 0"),
        (("ground",), [], "list indices"),
        (("width",), float("nan"), "width is nan"),
        (("ground", "cell"), 0.0, "ground cell is 0.0"),
        (("columns",), "x", "a list of at most"),
        (("columns", 0, "type"), "O", "values of type object"),
        (("columns", 0, "type"), "<c16", "values of type complex128"),
        (("columns", 0, "offset"), BUFFER_BYTES - 8, f"a buffer has {BUFFER_BYTES} bytes"),
        (("columns", 0, "offset"), STATE_BYTES - 64, "lies at"),
        (("columns", 0, "offset"), True, "offset is True"),
        (("columns", 0, "name"), "y y", "is no name"),
        (("columns", 0, "name"), "__class__", "is no name"),
        (("columns", 0, "name"), "energy", "stands twice"),
        (("columns", 2, "name"), "states", "no column 'state'"),
        (("columns", 2, "rows"), "other", "no column 'state'"),
        (("columns", 6, "width"), 5000, "5000 values"),
        (("columns", 6, "width"), 2**20, "values"),
        (("scalars", 0, "type"), "<i4", "scalar tick is of type <i4"),
        (("scalars", 0, "offset"), STATE_BYTES, "scalar tick"),
        (("scalars", 0, "offset"), 4, "scalar tick"),
        (("parameters",), ["p"] * (PARAMETERS_MAX + 1), "at most 64"),
        (("genes", 0), 7, "7 is no name"),
    ],
)
def test_wrong_schema_is_refused(path: tuple, value: object, why: str) -> None:
    """A schema with one thing wrong is refused, and says what."""
    with pytest.raises(ArenaError, match="cannot read the arena's schema") as error:
        parse(changed(path, value))
    assert why in error.value.message


@pytest.mark.parametrize("text", [b"", b"\xff", b"[]", b"null", b"7", b"{}", b"[" * 60_000])
def test_what_is_no_schema_is_refused(text: bytes) -> None:
    """Text that is no schema at all is refused."""
    with pytest.raises(ArenaError, match="cannot read the arena's schema"):
        parse_schema(text, BUFFER_BYTES)


def places(told: object, path: tuple = ()) -> list[tuple]:
    """Return the ways to all values of a schema."""
    if isinstance(told, dict):
        return [way for key, each in told.items() for way in places(each, (*path, key))]
    if isinstance(told, list):
        return [way for key, each in enumerate(told) for way in places(each, (*path, key))]
    return [path]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.integers(0, BUFFER_BYTES),
    st.floats(),
    st.sampled_from(["<f8", "<f4", "|u1", "<i8", "<U9", "|V8", "<M8[s]", "i4,f8", "entity", ""]),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(places(SOUND)), VALUES), min_size=1, max_size=3))
def test_any_schema_is_read_within_bounds_or_refused(changes: list) -> None:
    """Whatever a schema says, its columns and scalars lie inside the buffer, or it is refused."""
    told = copy.deepcopy(SOUND)
    for path, value in changes:
        place = told
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    try:
        schema = parse(told)
    except ArenaError:
        return
    buffer = np.zeros(BUFFER_BYTES, np.uint8)
    for column in schema.columns.values():
        view = column.view(buffer)
        assert np.shares_memory(view, buffer) and len(view) == column.count
    assert set(schema.read_scalars(buffer)) == {each.name for each in schema.scalars}
    assert len(schema.read_parameters(buffer)) == len(set(schema.parameters))
