"""The functions of `math` for traits: values of the C library, errors of CPython.

Owns: the bodies of the functions of `signatures.py` that `math` has. Does not own: their meaning
(there). CPython's `Modules/mathmodule.c` is the model of which special values are errors.
"""

import math
from typing import Any, Final

from zones.runtime.numba_setup import njit
from zones.traits import contract
from zones.traits.float_arithmetic import copysign, fmod, pow_float, remainder
from zones.traits.in_place import bits_of, fabs, float_of_bits, isfinite, isinf, sqrt
from zones.traits.machine import c_function

_OVERFLOW: Final = contract.OVERFLOW
_ZERO: Final = contract.ZERO_DIVISION
_DOMAIN: Final = contract.DOMAIN

_INFINITY: Final = math.inf
_SQUARES_FROM: Final = 1e-280
_SQUARES_TO: Final = 1e300
"""Between these the sum of two squares has lost nothing that matters, and not overflowed."""
_LARGE: Final = 2.0**600
_SMALL: Final = 2.0**-600
_LEAST_NORMAL: Final = 2.0**-1022
_TWO_54: Final = 2.0**54
_EXPONENT_MASK: Final = 0x7FF
_EXPONENT_OF_HALF: Final = 1022
_FRACTION_BITS: Final = 52
_SHIFT_MAX: Final = 2200
"""ldexp by more than this gives what ldexp by this gives, whatever the float."""

_trunc = c_function("trunc")
_log = c_function("log")
_atan2 = c_function("atan2", "ff")
_nextafter = c_function("nextafter", "ff")
_tgamma = c_function("tgamma")
_lgamma = c_function("lgamma")
# Takes an int of 32 bits: the lower half of the register that 64 bits are passed in.
_ldexp = c_function("ldexp", "fi")


def _plain(name: str) -> Any:
    """Return a function of the C library as it is."""
    function = c_function(name)

    @njit
    def body(x: Any) -> Any:
        return function(x)

    return body


def _judged(name: str, endless: int) -> Any:
    """Return a function of the C library with CPython's errors.

    Args:
        endless: status of an infinite value of a finite argument.
    """
    function = c_function(name)

    @njit
    def body(x: Any) -> Any:
        value = function(x)
        if value != value:
            return value, (_DOMAIN if x == x else 0)
        if isinf(value) and isfinite(x):
            return value, endless
        return value, 0

    return body


def _logarithm(name: str) -> Any:
    function = c_function(name)

    @njit
    def body(x: Any) -> Any:
        if x <= 0.0:
            return 0.0, _DOMAIN
        return function(x), 0

    return body


@njit
def _gamma(x: Any) -> Any:
    if x == -_INFINITY or (x <= 0.0 and x == _trunc(x)):
        return 0.0, _DOMAIN
    value = _tgamma(x)
    if isinf(value) and isfinite(x):
        return 0.0, _OVERFLOW
    return value, 0


@njit
def _log_gamma(x: Any) -> Any:
    if isinf(x):
        return _INFINITY, 0
    if x <= 0.0 and x == _trunc(x):
        return 0.0, _DOMAIN
    value = _lgamma(x)
    if isinf(value):
        return 0.0, _OVERFLOW
    return value, 0


@njit
def _log_base(x: Any, base: Any) -> Any:
    if x <= 0.0 or base <= 0.0:
        return 0.0, _DOMAIN
    below = _log(base)
    if below == 0.0:
        return 0.0, _ZERO
    return _log(x) / below, 0


@njit
def _pow(x: Any, y: Any) -> Any:
    value, status = pow_float(x, y)
    return value, (_DOMAIN if status == _ZERO else status)


@njit
def _atan2_of(y: Any, x: Any) -> Any:
    return _atan2(y, x)


@njit
def _copysign(x: Any, y: Any) -> Any:
    return fabs(x) if y != y else copysign(x, y)


@njit
def _fmod(x: Any, y: Any) -> Any:
    value = fmod(x, y)
    return value, (_DOMAIN if value != value and x == x and y == y else 0)


@njit
def _remainder(x: Any, y: Any) -> Any:
    if x != x or y != y:
        return x + y, 0
    if isinf(x) or y == 0.0:
        return 0.0, _DOMAIN
    return (x if isinf(y) else remainder(x, y)), 0


@njit
def _frexp(x: Any) -> Any:
    if x == 0.0 or not isfinite(x):
        return x, 0
    shift = 0
    if fabs(x) < _LEAST_NORMAL:
        x *= _TWO_54
        shift = 54
    bits = bits_of(x)
    exponent = ((bits >> _FRACTION_BITS) & _EXPONENT_MASK) - _EXPONENT_OF_HALF
    fraction = float_of_bits(bits - (exponent << _FRACTION_BITS))
    return fraction, exponent - shift


@njit
def _isclose(a: Any, b: Any, relative: Any, absolute: Any) -> Any:
    if relative < 0.0 or absolute < 0.0:
        return False, _DOMAIN
    if a == b:
        return True, 0
    if isinf(a) or isinf(b):
        return False, 0
    apart = fabs(b - a)
    near = apart <= fabs(relative * b) or apart <= fabs(relative * a) or apart <= absolute
    return near, 0


@njit
def _scale(x: Any, n: Any) -> Any:
    if x == 0.0 or not isfinite(x):
        return x, 0
    value = _ldexp(x, min(max(n, -_SHIFT_MAX), _SHIFT_MAX))
    if isinf(value):
        return 0.0, _OVERFLOW
    return value, 0


@njit
def _modf(x: Any) -> Any:
    whole = _trunc(x)
    return (copysign(0.0, x) if isinf(x) else copysign(x - whole, x)), whole


@njit
def _next(x: Any, y: Any) -> Any:
    return _nextafter(x, y)


@njit
def _ulp(x: Any) -> Any:
    size = fabs(x)
    if not isfinite(size):
        return size
    above = _nextafter(size, _INFINITY)
    if isinf(above):
        return size - _nextafter(size, 0.0)
    return above - size


@njit
def hypot(x: Any, y: Any) -> Any:
    """Return the length of (x, y); see `signatures.py`."""
    squares = x * x + y * y
    if _SQUARES_FROM < squares < _SQUARES_TO:
        return sqrt(squares)[0]
    if isinf(x) or isinf(y):
        return _INFINITY
    if squares >= _SQUARES_TO:
        x *= _SMALL
        y *= _SMALL
        return sqrt(x * x + y * y)[0] * _LARGE
    x *= _LARGE
    y *= _LARGE
    return sqrt(x * x + y * y)[0] * _SMALL


BODIES: Final = {
    **{name: _judged(name, _DOMAIN) for name in ("acos", "acosh", "asin", "atanh", "cos")},
    **{name: _judged(name, _DOMAIN) for name in ("log1p", "sin", "tan")},
    **{name: _judged(name, _OVERFLOW) for name in ("cosh", "exp", "exp2", "expm1", "sinh")},
    **{name: _plain(name) for name in ("asinh", "atan", "cbrt", "erf", "erfc", "tanh")},
    **{name: _logarithm(name) for name in ("log", "log10", "log2")},
    "gamma": _gamma,
    "lgamma": _log_gamma,
    "log_base": _log_base,
    "pow": _pow,
    "atan2": _atan2_of,
    "copysign": _copysign,
    "fmod": _fmod,
    "remainder": _remainder,
    "frexp": _frexp,
    "isclose": _isclose,
    "ldexp": _scale,
    "modf": _modf,
    "nextafter": _next,
    "ulp": _ulp,
    "hypot": hypot,
}
