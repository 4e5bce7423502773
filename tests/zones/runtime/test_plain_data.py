"""Plain data: what JSON carries goes through unchanged, all else is named with its place."""

import collections
import enum
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.call_job import DEPTH_MAX
from zones.runtime.plain_data import NotPlain, to_plain

ROOM = 1 << 20
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(PLAIN)
def test_plain_data_is_unchanged_and_is_json(value):
    """Value for value, also after a journey as JSON."""
    assert to_plain(value, ROOM) == value
    assert json.loads(json.dumps(to_plain(value, ROOM), allow_nan=False)) == value


class Evil(dict):
    """Lies about everything it can."""

    def items(self):
        raise RuntimeError("called")

    __iter__ = keys = values = __len__ = items


class Text(str):
    """A text with a method of its own."""

    def __str__(self):
        raise RuntimeError("called")


class Level(enum.IntEnum):
    """A number with a name."""

    HIGH = 3


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, (2,)), [1, [2]]),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (Evil(a=[1]), {"a": [1]}),
        (Text("x"), "x"),
        (Level.HIGH, 3),
        (True, True),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("y"), "y"),
        (np.arange(4).reshape(2, 2), [[1 - 1, 1], [2, 3]]),
        (np.array(5), 5),
        ({"m": np.zeros(2, np.float32)}, {"m": [0.0, 0.0]}),
        (math.factorial(200), math.factorial(200)),
    ],
)
def test_what_stands_for_plain_data_becomes_it(value, plain):
    """Tuples, subclasses by what they derive from, numbers and arrays of numpy."""
    made = to_plain(value, ROOM)
    assert made == plain
    assert type(made) is type(plain)


def selfish():
    """Return a list that holds itself."""
    value = [1]
    value.append({"again": value})
    return value


def deep():
    """Return lists deeper than is allowed."""
    value = []
    for _ in range(DEPTH_MAX + 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({1}, "result is of type set"),
        ([0, {"a": b"x"}], r"result\[1\]\['a'\] is of type bytes"),
        ({1: 2}, "key of type int"),
        ([math.nan], r"result\[0\] is nan"),
        (-math.inf, "result is -inf"),
        (np.array([1.0, np.nan]), r"result\[1\] is nan"),
        (1j, "complex"),
        (object(), "of type object"),
        (json, "of type module"),
        (selfish(), "holds itself"),
        (deep(), "deeper than"),
        (1 << 5000, "bits"),
        ("\ud800", "half a character"),
        ({"\ud800": 1}, "half a character"),
        (np.array([object()]), r"result\[0\] is of type object"),
        (np.datetime64("2026-01-01"), "of type datetime.date"),
        (np.longdouble(1), "longdouble"),
        (collections.deque([1]), "collections.deque"),
    ],
)
def test_all_else_is_named_with_its_place(value, why):
    """The type, and the way to it."""
    with pytest.raises(NotPlain, match=why):
        to_plain(value, ROOM)


@pytest.mark.parametrize(
    "value", [[0] * 10_000, "x" * 10_000, {str(n): n for n in range(3000)}, np.zeros(10**9 // 1000)]
)
def test_too_much_is_refused_before_it_is_copied(value):
    """A limit on the whole, not on each part."""
    with pytest.raises(NotPlain, match="more than 5000 bytes"):
        to_plain(value, 5000)


def test_one_value_in_two_places_is_no_circle():
    """Only what lies within itself is refused."""
    shared = [1]
    assert to_plain([shared, shared], ROOM) == [[1], [1]]
