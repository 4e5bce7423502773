"""Arithmetic of 64-bit integers that notices what 64 bits cannot hold.

Owns: the bodies of the integer functions of `signatures.py`, and of those between ints and floats.
Does not own: their meaning (there), add, subtract and multiply (`numerics.py`, in place).
"""

from typing import Any, Final

import numpy as np

from zones.runtime.numba_setup import njit
from zones.traits import contract
from zones.traits.in_place import mul_int, power_of_two, sqrt
from zones.traits.machine import c_function

_OVERFLOW: Final = contract.OVERFLOW
_ZERO: Final = contract.ZERO_DIVISION
_DOMAIN: Final = contract.DOMAIN
_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1
_SAFE: Final = 2**53
"""Ints up to here are floats without rounding."""
_LIMIT: Final = 2.0**63
_ROOT_MAX: Final = 3_037_000_499
"""The largest root whose square 64 bits hold."""
_FACTORIAL_MAX: Final = 20
_TENS_MAX: Final = 18

_floor = c_function("floor")
_ceil = c_function("ceil")
_trunc = c_function("trunc")
_rint = c_function("rint")


@njit
def _floordiv(a: Any, b: Any) -> Any:
    if b == 0:
        return 0, _ZERO
    if a == _LEAST and b == -1:
        return 0, _OVERFLOW
    return a // b, 0


@njit
def _mod(a: Any, b: Any) -> Any:
    if b == 0:
        return 0, _ZERO
    if b == -1:
        return 0, 0
    return a % b, 0


@njit
def _magnitude(a: Any) -> Any:
    """Return abs(a) as uint64."""
    return np.uint64(a) if a >= 0 else ~np.uint64(a) + np.uint64(1)


@njit
def _truediv(a: Any, b: Any) -> Any:
    """Divide as is done by hand, in base 2, until 55 bits are there; the rest is one more bit."""
    if b == 0:
        return 0.0, _ZERO
    if -_SAFE <= a <= _SAFE and -_SAFE <= b <= _SAFE:
        return np.float64(a) / np.float64(b), 0
    if a == 0:
        return 0.0 / np.float64(b), 0
    above, below = _magnitude(a), _magnitude(b)
    quotient = above // below
    rest = above - quotient * below
    shift = 0
    one = np.uint64(1)
    while quotient < np.uint64(1 << 54):
        shift += 1
        # rest < below <= 2**63, so that the next line does not wrap.
        rest = rest << one
        quotient = quotient << one
        if rest >= below:
            rest -= below
            quotient |= one
    if rest != np.uint64(0):
        quotient |= one
    value = np.float64(quotient) * power_of_two(-shift)
    return (-value if (a < 0) != (b < 0) else value), 0


@njit
def _pow(a: Any, n: Any) -> Any:
    if n < 0:
        return 0, _DOMAIN
    if n == 0 or a == 1:
        return 1, 0
    if a == 0:
        return 0, 0
    if a == -1:
        return (-1 if n & 1 else 1), 0
    result = 1
    status = 0
    while True:
        if n & 1:
            result, status = mul_int(result, a)
            if status:
                return 0, status
        n >>= 1
        if n == 0:
            return result, 0
        a, status = mul_int(a, a)
        if status:
            return 0, status


@njit
def _lshift(a: Any, n: Any) -> Any:
    if n < 0:
        return 0, _DOMAIN
    if a == 0:
        return 0, 0
    if n >= 64:
        return 0, _OVERFLOW
    shifted = a << n
    if shifted >> n != a:
        return 0, _OVERFLOW
    return shifted, 0


@njit
def _rshift(a: Any, n: Any) -> Any:
    if n < 0:
        return 0, _DOMAIN
    return a >> min(n, 63), 0


@njit
def _round(a: Any, n: Any) -> Any:
    if n >= 0:
        return a, 0
    if n < -_TENS_MAX:
        # 10**19 is beyond 64 bits: half of it is not, and more than half rounds up to it.
        half = 5 * 10**_TENS_MAX
        return 0, (_OVERFLOW if n == -_TENS_MAX - 1 and (a > half or a < -half) else 0)
    tens = 1
    for _ in range(-n):
        tens *= 10
    rest = a % tens  # not negative
    down = a // tens
    up = rest > tens - rest or (rest == tens - rest and down & 1)
    if not up:
        if down * tens > a:  # the multiple below wrapped
            return 0, _OVERFLOW
        return down * tens, 0
    return mul_int(down + 1, tens)


@njit
def _gcd(a: Any, b: Any) -> Any:
    first, second = _magnitude(a), _magnitude(b)
    while second != np.uint64(0):
        first, second = second, first % second
    if first > np.uint64(_MOST):
        return 0, _OVERFLOW
    return np.int64(first), 0


@njit
def _lcm(a: Any, b: Any) -> Any:
    if a == 0 or b == 0:
        return 0, 0
    if _LEAST in (a, b):
        return 0, _OVERFLOW  # its own magnitude is beyond 64 bits
    common, _ = _gcd(a, b)
    return mul_int(abs(a) // common, abs(b))


@njit
def _comb(n: Any, k: Any) -> Any:
    if n < 0 or k < 0:
        return 0, _DOMAIN
    if k > n:
        return 0, 0
    k = min(k, n - k)
    result = 1
    status = 0
    for step in range(1, k + 1):
        # result * (n - step + 1) / step, which is whole; what both share goes first.
        shared, status = _gcd(result, step)
        result, status = mul_int(result // shared, (n - step + 1) // (step // shared))
        if status:
            return 0, status
    return result, 0


@njit
def _perm(n: Any, k: Any) -> Any:
    if n < 0 or k < 0:
        return 0, _DOMAIN
    if k > n:
        return 0, 0
    result = 1
    status = 0
    for step in range(k):
        result, status = mul_int(result, n - step)
        if status:
            return 0, status
    return result, 0


@njit
def _factorial(n: Any) -> Any:
    if n < 0:
        return 0, _DOMAIN
    if n > _FACTORIAL_MAX:
        return 0, _OVERFLOW
    result = 1
    for step in range(2, n + 1):
        result *= step
    return result, 0


@njit
def _isqrt(n: Any) -> Any:
    if n < 0:
        return 0, _DOMAIN
    near, _ = sqrt(np.float64(n))
    root: Any = min(np.int64(near), _ROOT_MAX)
    while root * root > n:
        root -= 1
    while root < _ROOT_MAX and (root + 1) * (root + 1) <= n:
        root += 1
    return root, 0


@njit
def _order(a: Any, x: Any) -> Any:
    """Return -1, 0 or 1 as a is below, equal to or above x; 2 for NaN."""
    if x != x:
        return 2
    if x >= _LIMIT:
        return -1
    if x < -_LIMIT:
        return 1
    whole = _trunc(x)
    other = np.int64(whole)
    if a != other:
        return -1 if a < other else 1
    return 0 if x == whole else (-1 if x > whole else 1)


@njit
def _eq(a: Any, x: Any) -> Any:
    return _order(a, x) == 0


@njit
def _lt(a: Any, x: Any) -> Any:
    return _order(a, x) == -1


@njit
def _le(a: Any, x: Any) -> Any:
    return _order(a, x) in (0, -1)


@njit
def _gt(a: Any, x: Any) -> Any:
    return _order(a, x) == 1


@njit
def _ge(a: Any, x: Any) -> Any:
    return _order(a, x) in (0, 1)


@njit
def _whole(x: Any) -> Any:
    """Return (the int that a whole float is, status)."""
    if x != x:
        return 0, _DOMAIN
    if x >= _LIMIT or x < -_LIMIT:
        return 0, _OVERFLOW
    return np.int64(x), 0


@njit
def _int_of_float(x: Any) -> Any:
    return _whole(_trunc(x))


@njit
def _floor_of(x: Any) -> Any:
    return _whole(_floor(x))


@njit
def _ceil_of(x: Any) -> Any:
    return _whole(_ceil(x))


@njit
def _round_of(x: Any) -> Any:
    return _whole(_rint(x))


BODIES: Final = {
    "floordiv_int": _floordiv,
    "mod_int": _mod,
    "truediv_int": _truediv,
    "pow_int": _pow,
    "lshift_int": _lshift,
    "rshift_int": _rshift,
    "round_int": _round,
    "comb": _comb,
    "factorial": _factorial,
    "gcd": _gcd,
    "isqrt": _isqrt,
    "lcm": _lcm,
    "perm": _perm,
    "eq_int_float": _eq,
    "lt_int_float": _lt,
    "le_int_float": _le,
    "gt_int_float": _gt,
    "ge_int_float": _ge,
    "int_of_float": _int_of_float,
    "floor": _floor_of,
    "ceil": _ceil_of,
    "trunc": _int_of_float,
    "round_float": _round_of,
}
