"""What CPython makes of the functions of `signatures.py`, and numbers to try them on."""

import math
import operator
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
FAULTS = (OverflowError, ZeroDivisionError, ValueError)
ODD_FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, 3.5, -2.5, 0.49999999999999994,
    1e300, -1e300, 1.7e308, -1.7e308, 5e-324, -5e-324, 2.2e-308, 1e-310, math.inf, -math.inf,
    math.nan, math.pi, 0.1, 1e16, 2.0**53, 2.0**52 + 0.5, 2.0**63, -(2.0**63), 9.3e18, 170.0,
    171.7, -170.5, 700.0, 710.0, -745.2, 1023.0, 1024.0, -1074.0,
)  # fmt: skip
ODD_INTS = (
    0, 1, -1, 2, -2, 3, -3, INT_MAX, INT_MIN, INT_MIN + 1, 2**62, 2**53, 2**53 + 1, -(2**53) - 1,
    5, 10, 15, 25, 20, 21, 22, 23, 62, 63, 64, 65, 323, 324, -18, -19, -20, -308, -309, 2**31,
    3037000499, 3037000500, 10**18, 5 * 10**18, -5 * 10**18,
)  # fmt: skip


def _raise(error: type[Exception]) -> Any:
    raise error


def _power(a: int, n: int) -> Any:
    if n < 0:
        return _raise(ValueError)  # the table says so: ** gives a float
    return a**n if n < 64 or a in {0, 1, -1} else _raise(OverflowError)


def _left(a: int, n: int) -> Any:
    return a << min(n, 64) if n >= 0 else a << n


def _round_int(a: int, n: int) -> int:
    return round(a, max(n, -40))


def _comb(n: int, k: int) -> Any:
    return math.comb(n, k) if min(k, n - k) <= 100 else _raise(OverflowError)


def _perm(n: int, k: int) -> Any:
    return math.perm(n, k) if not 100 < k <= n or n < 0 else _raise(OverflowError)


def _factorial(n: int) -> Any:
    return math.factorial(min(n, 30))


def _isclose(a: float, b: float, relative: float, absolute: float) -> bool:
    return math.isclose(a, b, rel_tol=relative, abs_tol=absolute)


def _copysign(x: float, y: float) -> float:
    return abs(x) if math.isnan(y) else math.copysign(x, y)


MODEL: dict[str, Callable[..., Any]] = {
    "add_int": operator.add,
    "sub_int": operator.sub,
    "mul_int": operator.mul,
    "neg_int": operator.neg,
    "abs_int": abs,
    "floordiv_int": operator.floordiv,
    "mod_int": operator.mod,
    "truediv_int": operator.truediv,
    "pow_int": _power,
    "lshift_int": _left,
    "rshift_int": operator.rshift,
    "round_int": _round_int,
    "comb": _comb,
    "factorial": _factorial,
    "perm": _perm,
    "eq_int_float": operator.eq,
    "lt_int_float": operator.lt,
    "le_int_float": operator.le,
    "gt_int_float": operator.gt,
    "ge_int_float": operator.ge,
    "int_of_float": int,
    "round_float": round,
    "float_of_int": float,
    "div_float": operator.truediv,
    "floordiv_float": operator.floordiv,
    "mod_float": operator.mod,
    "pow_float": operator.pow,
    "square": lambda x: x**2,
    "round_digits": round,
    "canonical": float,
    "log_base": math.log,
    "isclose": _isclose,
    "copysign": _copysign,
}
"""Where CPython has no function of the very name."""


def model_of(name: str) -> Callable[..., Any]:
    """Return what CPython has for a function of the table."""
    return MODEL.get(name) or getattr(math, name)


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function gives, or the class of its fault as the contract has it."""
    try:
        value = function(*arguments)
    except FAULTS as error:
        return type(error)
    if isinstance(value, complex):
        return ValueError
    if type(value) is int and not INT_MIN <= value <= INT_MAX:
        return OverflowError
    return value


def bits(value: Any) -> Any:
    """Return a value so that == compares type and bits, but of NaN only that it is one."""
    if isinstance(value, tuple):
        return tuple(bits(each) for each in value)
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return type(value), value


def distance(one: float, two: float) -> float:
    """Return how many units in the last place of `one` two numbers are apart."""
    if one == two or (math.isnan(one) and math.isnan(two)):
        return 0.0
    return abs(one - two) / math.ulp(one) if math.isfinite(one) else math.inf


def some_floats(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return floats of all sorts: any bits, odd ones, small, whole."""
    any_bits = rng.integers(INT_MIN, INT_MAX, count, np.int64, endpoint=True).view(np.float64)
    sorts = (
        any_bits,
        rng.choice(ODD_FLOATS, count),
        rng.uniform(-1, 1, count),
        rng.normal(0, 30, count),
        rng.integers(-20, 21, count).astype(float),
        np.round(rng.normal(0, 100, count), 3) + rng.choice([0, 0.0005, 0.5, 0.25], count),
    )
    return np.choose(rng.integers(0, len(sorts), count), sorts)


def some_ints(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return ints of all sorts: any, odd ones, small, of any length."""
    any_bits = rng.integers(INT_MIN, INT_MAX, count, np.int64, endpoint=True)
    sorts = (
        any_bits,
        rng.choice(np.array(ODD_INTS), count),
        rng.integers(-40, 70, count),
        any_bits >> rng.integers(0, 64, count),
    )
    return np.choose(rng.integers(0, len(sorts), count), sorts)


def some_arguments(rng: np.random.Generator, takes: str, count: int) -> list[tuple[Any, ...]]:
    """Return so many tuples of arguments."""
    makers = {"f": some_floats, "i": some_ints}
    columns = [makers[kind](rng, count).tolist() for kind in takes]
    return list(zip(*columns, strict=True))
