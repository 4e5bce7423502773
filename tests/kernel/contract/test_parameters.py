"""World parameters as records: exact form, exact range."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.arena import PARAMETERS_MAX
from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.parameters import Parameter, parse_parameter

FRICTION = Parameter("friction", 1, "", 0.0, 1.0, 0.85)
POPULATION = Parameter("min_population", 2, "Molbots", 0.0, 1000.0, 20.0, whole=True)


@given(
    st.integers(0, PARAMETERS_MAX - 1),
    st.lists(st.floats(-1e300, 1e300), min_size=3, max_size=3).map(sorted),
    st.booleans(),
)
def test_round_trip(index: int, numbers: list[float], whole: bool) -> None:
    """A sound record comes back equal from its fields."""
    low, default, high = numbers
    parameter = Parameter("name", index, "unit", low, high, default, whole)
    assert parse_parameter(parameter.fields()) == parameter


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": 5},
        {"name": "x" * 65},
        {"unit": None},
        {"index": -1},
        {"index": PARAMETERS_MAX},
        {"index": 1.0},
        {"index": True},
        {"low": "0"},
        {"low": 2.0},
        {"high": float("inf")},
        {"low": float("-inf")},
        {"default": float("nan")},
        {"default": 1.5},
        {"high": False},
        {"whole": 1},
        {"more": 1},
    ],
)
def test_unsound_records_are_refused(change: dict[str, Any]) -> None:
    """The kernel indexes its arena words by these records: each field is checked."""
    with pytest.raises(CodecError, match="cannot read"):
        parse_parameter({**FRICTION.fields(), **change})


@pytest.mark.parametrize("key", sorted(FRICTION.fields()))
def test_missing_keys_are_refused(key: str) -> None:
    """Every key is needed but `whole`, which has a default."""
    fields = FRICTION.fields()
    del fields[key]
    if key == "whole":
        assert parse_parameter(fields) == FRICTION
        return
    with pytest.raises(CodecError, match="cannot read a parameter"):
        parse_parameter(fields)


def test_range() -> None:
    """Both ends are allowed, nothing beyond and no NaN; the hint names the command to look."""
    for value in (0.0, 0.5, 1.0):
        FRICTION.check(value)
    for value in (-0.001, 1.001, float("nan"), float("inf")):
        with pytest.raises(
            Refused, match=r"cannot set friction to .*: it takes a number from 0 to 1"
        ):
            FRICTION.check(value)
    POPULATION.check(7.0)
    with pytest.raises(Refused) as caught:
        POPULATION.check(7.5)
    assert str(caught.value) == (
        "cannot set min_population to 7.5: it takes a whole number from 0 to 1000 Molbots"
    )
    assert caught.value.hint == "molt params min_population"
    assert replace(POPULATION, whole=False).check(7.5) is None
