"""The machine code that both tiers call."""

import math
from typing import Any

import pytest

from zones.runtime.numba_setup import serial_kernel
from zones.traits import linked, numerics
from zones.traits.contract import DOMAIN
from zones.traits.signatures import SIGNATURES


@serial_kernel
def power_of_log(x: Any, y: Any) -> Any:
    """Return (log(x) ** y, status), as a native trait would."""
    value, status = numerics.log(x)
    if status:
        return value, status
    return numerics.pow_float(value, y)


def test_every_function_is_there_for_python_and_for_machine_code() -> None:
    """All names of the table can be called from Python and are operations for compiled code."""
    calls = linked.calls()
    assert list(calls) == list(SIGNATURES)
    for name in SIGNATURES:
        if not name.startswith("near"):
            assert getattr(numerics, name).plan == SIGNATURES[name]


def test_machine_code_and_python_call_the_same() -> None:
    """A value passes through two functions alike in both tiers."""
    linked.link()
    calls = linked.calls()
    for x in (0.3, 1.0, 2.0, 77.7):
        assert power_of_log(x, 3) == (calls["pow_float"](calls["log"](x), 3), 0)
    assert power_of_log(-1.0, 2.0)[1] == DOMAIN


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("log", (-1,), ValueError),
        ("div_float", (1, 0), ZeroDivisionError),
        ("exp", (1000.0,), OverflowError),
        ("add_int", (2**63 - 1, 1), OverflowError),
        ("add_int", (2**63, 1), OverflowError),
        ("add_int", (1.0, 1), TypeError),
        ("sin", ("1",), TypeError),
        ("sin", (None,), TypeError),
        ("sin", (), TypeError),
        ("sin", (1.0, 2.0), TypeError),
    ],
)
def test_python_gets_exceptions(name: str, arguments: tuple[object, ...], error: type) -> None:
    """Faults and wrong arguments raise what CPython would."""
    with pytest.raises(error):
        linked.calls()[name](*arguments)


def test_arguments_are_converted_as_by_cpython() -> None:
    """Ints and bools are taken as floats, bools as ints; several results are a tuple."""
    calls = linked.calls()
    assert calls["sqrt"](4) == 2.0 and calls["sqrt"](True) == 1.0
    assert calls["add_int"](True, 2) == 3
    assert calls["frexp"](0.3) == math.frexp(0.3)
    assert calls["isnan"](math.nan) is True
