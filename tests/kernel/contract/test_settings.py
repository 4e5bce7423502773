"""Tables of keys: what each sort takes, what a refusal says, what a service may tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.errors import CodecError
from Kernel.contract.settings import (
    KEYS_MAX,
    Effect,
    Key,
    Sort,
    find_faults,
    parse_table,
    read_values,
    show,
)

NUMBER = Key("span_ms", Sort.NUMBER, 50, 1, 1000, "ms", field="span_s", scale=0.001)
WHOLE = Key("count", Sort.WHOLE, 3, 0, 2**64 - 1)
KEYS = (
    NUMBER,
    WHOLE,
    Key("on", Sort.FLAG, True),
    Key("mode", Sort.CHOICE, "a", choices=("a", "b", "c")),
    Key("names", Sort.NAMES, []),
    Key("word", Sort.TEXT, unit="package", required=True),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def test_values_are_read_by_their_fields():
    """Defaults are filled in, ms become s, lists become tuples."""
    values, faults = read_values(KEYS, {"word": "x", "count": 4.0, "names": ["n"]})
    assert not faults and values == {
        "span_s": 0.05, "count": 4, "on": True, "mode": "a", "names": ("n",), "word": "x",
    }  # fmt: skip
    assert type(values["count"]) is int


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("span_ms", 0, "is 0, it takes a number from 1 to 1000 (ms)"),
        ("span_ms", float("nan"), "is nan, it takes a number from 1 to 1000 (ms)"),
        ("span_ms", True, "is true, it takes a number from 1 to 1000 (ms)"),
        ("span_ms", None, "is empty, it takes a number from 1 to 1000 (ms)"),
        ("count", 1.5, "is 1.5, it takes a whole number from 0 to 18446744073709551615"),
        ("count", float("inf"), "is inf, it takes a whole number from 0 to 18446744073709551615"),
        ("on", 1, "is 1, it takes true or false"),
        ("mode", "d", "is 'd', it takes a, b or c"),
        ("mode", ["a"], "is ['a'], it takes a, b or c"),
        ("names", "n", "is 'n', it takes a list of names"),
        ("names", [1], "is [1], it takes a list of names"),
        ("word", 3, "is 3, it takes a text (package)"),
        ("worde", 3, "is no key here; did you mean word?"),
        ("zzz", 3, "is no key here; there are span_ms, count, on, mode, names, word"),
    ],
)
def test_what_does_not_fit_is_told_with_value_and_limit(key, value, why):
    """The key with what is above it, the value, and what it takes."""
    (fault,) = find_faults(KEYS, {"word": "x", key: value}, "at.")
    assert (fault.key, fault.why) == (f"at.{key}", why)


def test_what_is_missing_is_told():
    """A key without which there is nothing to do."""
    (fault,) = find_faults(KEYS, {})
    assert (fault.key, fault.why) == ("word", "is missing, it takes a text (package)")


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([key.name for key in KEYS]) | st.text(max_size=5), ANYTHING))
def test_any_values_are_read_or_told(values):
    """Whatever stands in a file: each key is read, or it has its fault; nothing is lost."""
    read, faults = read_values(KEYS, values)
    wrong = {fault.key for fault in faults}
    assert len(wrong) == len(faults)
    for key in KEYS:
        assert ((key.field or key.name) in read) != (key.name in wrong)
    assert set(values) - {key.name for key in KEYS} <= wrong


def test_a_table_survives_the_road():
    """What a service tells of its keys is what the kernel reads."""
    keys = (Key("a", Sort.NUMBER, None, -1, 1, "m", Effect.TICK), WHOLE, Key("b", Sort.TEXT, ""))
    assert parse_table([key.fields() for key in keys]) == keys


ROW = WHOLE.fields()


@pytest.mark.parametrize(
    "rows",
    [
        None,
        {},
        [3],
        ["ab"],
        [{}],
        [ROW | {"sort": "colour"}],
        [ROW | {"sort": "text"}],
        [ROW | {"effect": "never"}],
        [ROW | {"name": 3}],
        [ROW | {"name": "a" * 81}],
        [ROW | {"low": "0"}],
        [ROW | {"low": 5, "high": 4}],
        [ROW | {"high": float("inf")}],
        [ROW | {"low": float("nan")}],
        [ROW | {"default": -1}],
        [ROW] * (KEYS_MAX + 1),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(rows):
    """A zone may tell anything; the kernel takes tables of numbers only."""
    with pytest.raises(CodecError, match=r"^cannot read a "):
        parse_table(rows)


def test_a_value_is_shown_short():
    """A message holds no more than a line of somebody's value."""
    assert len(show("x" * 1000)) == 80 and show(None) == "empty" and show(False) == "false"
