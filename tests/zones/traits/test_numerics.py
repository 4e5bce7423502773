"""Arithmetic of traits: what CPython gives, in Python and in machine code.

`pytest --rounds 500` tries a million numbers on each function instead of two thousand.
"""

import math
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zones.traits.numeric_model import (
    INT_MAX,
    INT_MIN,
    ODD_FLOATS,
    bits,
    distance,
    model_of,
    outcome,
    some_arguments,
    some_floats,
    some_ints,
)
from zones.runtime.numba_setup import serial_kernel
from zones.traits import contract, linked, numerics
from zones.traits.signatures import FLOATS, FUNCTIONS, INTEGERS, MIXED, SIGNATURES

TRIES = 2000
LIBM = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf",
    "erfc", "exp", "exp2", "expm1", "hypot", "log", "log10", "log1p", "log2", "log_base", "sin",
    "sinh", "tan", "tanh",
}  # fmt: skip
"""CPython may have been built with another one: the last places may differ."""
POWERS = {"pow_float", "pow", "square"}
GAMMAS = {"gamma", "lgamma"}
EXACT = sorted({*INTEGERS, *MIXED, *FLOATS, *FUNCTIONS} - LIBM - POWERS - GAMMAS)
LIBM_ULPS = 2.0


def rng_of(name: str) -> np.random.Generator:
    """Return random numbers for one function, the same in each run."""
    return np.random.default_rng(zlib.crc32(name.encode()))


@pytest.mark.parametrize("name", EXACT)
def test_exact_functions_are_those_of_cpython(name: str, rounds: int) -> None:
    """Values are CPython's bit for bit, and so are faults."""
    rng, ours, theirs = rng_of(name), linked.calls()[name], model_of(name)
    for _ in range(rounds):
        for arguments in some_arguments(rng, SIGNATURES[name].takes, TRIES):
            found, wanted = outcome(ours, *arguments), outcome(theirs, *arguments)
            assert bits(found) == bits(wanted), (arguments, found, wanted)


@pytest.mark.parametrize("name", sorted(LIBM | POWERS | GAMMAS))
def test_other_functions_have_the_faults_and_special_values_of_cpython(
    name: str, rounds: int
) -> None:
    """Faults, infinities, zeros and NaN are CPython's, and values nearly so."""
    rng, ours, theirs = rng_of(name), linked.calls()[name], model_of(name)
    for _ in range(rounds):
        for arguments in some_arguments(rng, SIGNATURES[name].takes, TRIES):
            found, wanted = outcome(ours, *arguments), outcome(theirs, *arguments)
            if name == "pow_float" and found is ValueError:
                assert arguments[0] < 0 != arguments[1] % 1  # where CPython would be complex
            elif not isinstance(wanted, float):
                assert found is wanted, (arguments, found, wanted)
            elif name in GAMMAS:
                assert math.isclose(found, wanted, rel_tol=1e-11, abs_tol=1e-14) or (
                    found != found and wanted != wanted
                ), arguments
            else:
                assert distance(wanted, found) <= LIBM_ULPS, (arguments, found, wanted)
                assert math.copysign(1, wanted) == math.copysign(1, found) or found != found


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_simple_powers_are_exact(x: float) -> None:
    """Powers of 1, 2, -1 and 0.5 are what multiplication, division and sqrt give."""
    power = linked.calls()["pow_float"]
    endless = OverflowError if math.isinf(x * x) else x * x
    assert outcome(power, x, 1.0) == x
    assert outcome(power, x, 2.0) == endless
    assert outcome(linked.calls()["square"], x) == endless
    if x:
        inverse = 1.0 / x
        assert outcome(power, x, -1.0) == (
            OverflowError if inverse in {math.inf, -math.inf} else inverse
        )
    if x >= 0:
        assert power(x, 0.5) == math.sqrt(x)


@given(st.integers(INT_MIN, INT_MAX), st.floats(), st.integers(-4, 4))
def test_ints_and_floats_are_compared_by_value(a: int, x: float, beside: int) -> None:
    """An int beside a float is ordered as CPython does, also where floats skip ints."""
    calls = linked.calls()
    for y in (x, float(a), float(max(INT_MIN, min(a + beside, INT_MAX))), a / 3):
        for name in ("eq", "lt", "le", "gt", "ge"):
            assert calls[f"{name}_int_float"](a, y) is model_of(f"{name}_int_float")(a, y)


def test_nan_has_no_sign_to_see() -> None:
    """Any NaN is the same to what would tell them apart."""
    copysign, canonical = linked.calls()["copysign"], linked.calls()["canonical"]
    for nan in (math.nan, -math.nan):
        assert copysign(1.0, nan) == 1.0
        found = np.float64(canonical(nan)).view(np.int64)
        assert found == 0x7FF8_0000_0000_0000
    for x in ODD_FLOATS:
        assert bits(canonical(x)) == bits(x)


def test_hypot_is_near_everywhere() -> None:
    """The length is within one unit in the last place, however large or small."""
    hypot, rng = linked.calls()["hypot"], rng_of("hypot")
    for scale in range(-1070, 1020, 11):
        for x, y in rng.uniform(-1, 1, (20, 2)).tolist():
            x, y = math.ldexp(x, scale), math.ldexp(y, scale)  # noqa: PLW2901
            assert distance(math.hypot(x, y), hypot(x, y)) <= 1.0


@pytest.mark.parametrize("digits", [*range(-25, 26), 40, 100, 300, 323, -100, -308])
def test_halves_of_decimals_round_as_in_cpython(digits: int) -> None:
    """Decimals that end in 5, and their neighbours, round to digits as by CPython."""
    rounded, rng = linked.calls()["round_digits"], rng_of(str(digits))
    remainder = linked.calls()["remainder"]
    for whole in rng.integers(0, 10 ** int(rng.integers(1, 16)), 60).tolist():
        text = f"{whole}5e{-digits - 1}"
        for x in (float(text), math.nextafter(float(text), 0), math.nextafter(float(text), 1e308)):
            if math.isfinite(x):
                assert bits(outcome(rounded, x, digits)) == bits(outcome(round, x, digits)), text
                step = float(f"1e{-digits}")
                if step:
                    assert bits(remainder(x, step)) == bits(math.remainder(x, step)), text


# One function of each shape of the table, and all that are written in place where they stand.
@serial_kernel
def many_real(x: Any, y: Any, values: Any, status: Any) -> None:
    """Call functions of floats over arrays; columns as in test_machine_code_is_the_same."""
    for k in range(len(x)):
        a, b = x[k], y[k]
        values[k, 0], status[k, 0] = numerics.div_float(a, b)
        values[k, 1], status[k, 1] = numerics.sqrt(a)
        values[k, 2], status[k, 2] = numerics.square(a)
        values[k, 3], status[k, 3] = numerics.pow_float(a, b)
        values[k, 4], status[k, 4] = numerics.sin(a)
        values[k, 5] = numerics.fabs(a)
        values[k, 6] = numerics.degrees(a)
        values[k, 7] = numerics.radians(a)
        values[k, 8] = numerics.atan2(a, b)
        values[k, 9] = numerics.tanh(a)
        values[k, 10], values[k, 11] = numerics.modf(a)
        values[k, 12] = numerics.isnan(a)
        values[k, 13] = numerics.isinf(a)
        values[k, 14] = numerics.isfinite(a)
        values[k, 15] = numerics.canonical(a)
        values[k, 16], status[k, 16] = numerics.isclose(a, b, 0.5, 0.0)


@serial_kernel
def many_whole(a: Any, b: Any, x: Any, values: Any, reals: Any, status: Any) -> None:
    """Call functions of ints over arrays; columns as in test_machine_code_is_the_same."""
    for k in range(len(a)):
        values[k, 0], status[k, 0] = numerics.add_int(a[k], b[k])
        values[k, 1], status[k, 1] = numerics.sub_int(a[k], b[k])
        values[k, 2], status[k, 2] = numerics.mul_int(a[k], b[k])
        values[k, 3], status[k, 3] = numerics.neg_int(a[k])
        values[k, 4], status[k, 4] = numerics.abs_int(a[k])
        values[k, 5], status[k, 5] = numerics.pow_int(a[k], b[k])
        values[k, 6], status[k, 6] = numerics.factorial(a[k])
        values[k, 7], status[k, 7] = numerics.floor(x[k])
        values[k, 8] = numerics.lt_int_float(a[k], x[k])
        reals[k, 0], status[k, 9] = numerics.truediv_int(a[k], b[k])
        reals[k, 1] = numerics.float_of_int(a[k])
        reals[k, 2], status[k, 10] = numerics.round_digits(x[k], b[k])
        reals[k, 3], values[k, 9] = numerics.frexp(x[k])
        reals[k, 4], status[k, 11] = numerics.ldexp(x[k], a[k])


STATUS = {
    OverflowError: contract.OVERFLOW,
    ZeroDivisionError: contract.ZERO_DIVISION,
    ValueError: contract.DOMAIN,
}


def compare(name: str, rows: list[tuple[Any, ...]], columns: list[Any], status: Any) -> None:
    """Hold what machine code gave against what Python is given by the same function."""
    call = linked.calls()[name]
    for k, arguments in enumerate(rows):
        wanted = outcome(call, *arguments)
        code = STATUS.get(wanted, 0) if isinstance(wanted, type) else 0
        assert status is None or status[k] == code, (name, arguments)
        if not code:
            both = wanted if isinstance(wanted, tuple) else (wanted,)
            found = [type(one)(column[k]) for one, column in zip(both, columns, strict=True)]
            assert [*map(bits, found)] == [*map(bits, both)], (name, arguments)


def test_machine_code_of_floats_is_the_same() -> None:
    """What compiled code is given is what Python is given, values and faults."""
    linked.link()
    rng = rng_of("machine")
    x, y = some_floats(rng, TRIES), some_floats(rng, TRIES)
    values, status = np.zeros((TRIES, 17)), np.zeros((TRIES, 17), np.int64)
    many_real(x, y, values, status)
    one, two = [(a,) for a in x.tolist()], list(zip(x.tolist(), y.tolist(), strict=True))
    for column, name in enumerate(("div_float", "sqrt", "square", "pow_float", "sin")):
        rows = two if SIGNATURES[name].takes == "ff" else one
        compare(name, rows, [values[:, column]], status[:, column])
    for column, name in {5: "fabs", 6: "degrees", 7: "radians", 9: "tanh", 12: "isnan"}.items():
        compare(name, one, [values[:, column]], None)
    for column, name in {13: "isinf", 14: "isfinite", 15: "canonical"}.items():
        compare(name, one, [values[:, column]], None)
    compare("atan2", two, [values[:, 8]], None)
    compare("modf", one, [values[:, 10], values[:, 11]], None)
    compare("isclose", [(*row, 0.5, 0.0) for row in two], [values[:, 16]], status[:, 16])


def test_machine_code_of_ints_is_the_same() -> None:
    """What compiled code is given is what Python is given, values and faults."""
    linked.link()
    rng = rng_of("machine of ints")
    a, b, x = some_ints(rng, TRIES), some_ints(rng, TRIES), some_floats(rng, TRIES)
    values, reals = np.zeros((TRIES, 10), np.int64), np.zeros((TRIES, 5))
    status = np.zeros((TRIES, 12), np.int64)
    many_whole(a, b, x, values, reals, status)
    one, two = [(k,) for k in a.tolist()], list(zip(a.tolist(), b.tolist(), strict=True))
    real = [(k,) for k in x.tolist()]
    for column, name in enumerate(("add_int", "sub_int", "mul_int")):
        compare(name, two, [values[:, column]], status[:, column])
    compare("neg_int", one, [values[:, 3]], status[:, 3])
    compare("abs_int", one, [values[:, 4]], status[:, 4])
    compare("pow_int", two, [values[:, 5]], status[:, 5])
    compare("factorial", one, [values[:, 6]], status[:, 6])
    compare("floor", real, [values[:, 7]], status[:, 7])
    mixed = list(zip(a.tolist(), x.tolist(), strict=True))
    compare("lt_int_float", mixed, [values[:, 8]], None)
    compare("truediv_int", two, [reals[:, 0]], status[:, 9])
    compare("float_of_int", one, [reals[:, 1]], None)
    rounding = list(zip(x.tolist(), b.tolist(), strict=True))
    compare("round_digits", rounding, [reals[:, 2]], status[:, 10])
    compare("frexp", real, [reals[:, 3], values[:, 9]], None)
    compare("ldexp", [(y, n) for n, y in mixed], [reals[:, 4]], status[:, 11])
