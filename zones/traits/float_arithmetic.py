"""Arithmetic of floats beyond + - * /: powers, floor division, modulo, rounding to digits.

Owns: the bodies of these functions of `signatures.py`. Does not own: their meaning (there).

What CPython does is the model of each: `Objects/floatobject.c` for special values and errors of
`**`, `//` and `%`. Rounding to digits gives what CPython's decimal conversion gives, by other
means: for up to 22 digits the product with a power of ten and its exact error decide, else the
digits themselves, as the C library prints and reads them.
"""

from typing import Any, Final

from llvmlite import ir
from numba.core import cgutils

from zones.runtime.numba_setup import njit
from zones.traits import contract
from zones.traits.in_place import fabs, isfinite, isinf, sqrt
from zones.traits.machine import REAL, WORD, Operation, c_function, load_i8, store_i8
from zones.traits.signatures import Signature

_write: Any = cgutils  # without types
_OVERFLOW: Final = contract.OVERFLOW
_ZERO: Final = contract.ZERO_DIVISION
_DOMAIN: Final = contract.DOMAIN

_NDIGITS_MAX: Final = 323
_NDIGITS_MIN: Final = -308
_TENS: Final = tuple(float(10**k) for k in range(23))
"""All powers of ten that are floats."""
_TENS_LAST: Final = len(_TENS) - 1
_WHOLE_FROM: Final = 2.0**52
"""Floats from here on are whole."""
_TEXT_BYTES: Final = 1024
_DIGIT_0: Final = 48
_DIGIT_5: Final = 53
_DIGIT_9: Final = 57

floor = c_function("floor")
rint = c_function("rint")
fmod = c_function("fmod", "ff")
copysign = c_function("copysign", "ff")
power = c_function("pow", "ff")


def _write_fma(_context: Any, builder: Any, values: Any) -> Any:
    return builder.fma(*values)


def _write_buffer(_context: Any, builder: Any, values: Any) -> Any:
    text = _write.alloca_once(builder, ir.ArrayType(ir.IntType(8), _TEXT_BYTES))
    return builder.ptrtoint(text, WORD)


def _write_print(context: Any, builder: Any, values: Any) -> Any:
    address, digits, x = values
    text = ir.IntType(8).as_pointer()
    integer = ir.IntType(32)
    kind = ir.FunctionType(integer, [text, WORD, text], var_arg=True)
    known = builder.module.globals.get("snprintf")
    known = known or ir.Function(builder.module, kind, "snprintf")
    form = context.insert_const_string(builder.module, "%.*f")
    size = ir.Constant(WORD, _TEXT_BYTES)
    short = builder.trunc(digits, integer)
    length = builder.call(known, [builder.inttoptr(address, text), size, form, short, x])
    return builder.sext(length, WORD)


def _write_read(_context: Any, builder: Any, values: Any) -> Any:
    text = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(REAL, [text, text.as_pointer()])
    known = builder.module.globals.get("strtod")
    known = known or ir.Function(builder.module, kind, "strtod")
    nothing = ir.Constant(text.as_pointer(), None)
    return builder.call(known, [builder.inttoptr(values[0], text), nothing])


fma = Operation("fma", Signature("fff", "f"), _write_fma)
_new_text = Operation("new_text", Signature("i", "i"), _write_buffer)
_print_text = Operation("print_text", Signature("iif", "i"), _write_print)
_read_text = Operation("read_text", Signature("i", "f"), _write_read)


@njit
def _divide(x: Any, y: Any) -> Any:
    """Return (floor of the quotient, remainder) of x and y, which is not 0."""
    rest = fmod(x, y)
    quotient = (x - rest) / y
    if rest != 0.0:
        if (y < 0.0) != (rest < 0.0):
            rest += y
            quotient -= 1.0
    else:
        rest = copysign(0.0, y)
    if quotient != 0.0:
        whole = floor(quotient)
        if quotient - whole > 0.5:
            whole += 1.0
    else:
        whole = copysign(0.0, x / y)
    return whole, rest


@njit
def _floordiv(x: Any, y: Any) -> Any:
    if y == 0.0:
        return 0.0, _ZERO
    return _divide(x, y)[0], 0


@njit
def _mod(x: Any, y: Any) -> Any:
    if y == 0.0:
        return 0.0, _ZERO
    return _divide(x, y)[1], 0


@njit
def remainder(x: Any, y: Any) -> Any:
    """Return x - n * y for finite x and y, y not 0, n the whole number nearest to x / y.

    Halves go to the even n. That of a C library was wrong here, at halves and for tiny y.
    """
    size, step = fabs(x), fabs(y)
    rest = fmod(size, step)
    short = step - rest
    if rest > short:
        rest = -short
    elif rest == short:
        rest -= 2.0 * fmod(0.5 * (size - rest), step)
    return copysign(1.0, x) * rest


@njit
def _is_odd(y: Any) -> Any:
    return fabs(fmod(y, 2.0)) == 1.0


@njit
def _pow_endless(x: Any, y: Any) -> Any:
    """Return x ** y where one of them is infinite and none NaN."""
    if isinf(y):
        size = fabs(x)
        if size == 1.0:
            return 1.0
        return fabs(y) if (y > 0.0) == (size > 1.0) else 0.0
    odd = _is_odd(y)
    if y > 0.0:
        return x if odd else fabs(x)
    return copysign(0.0, x) if odd else 0.0


@njit
def _pow_finite(x: Any, y: Any) -> Any:
    """Return x ** y of finite numbers, x not 0, y whole where x is negative; may be infinite."""
    if y == 2.0:
        return x * x
    if y == 1.0:
        return x
    if y == -1.0:
        return 1.0 / x
    if y == 0.5:
        return sqrt(x)[0]
    return power(x, y)


@njit
def pow_float(x: Any, y: Any) -> Any:
    """Return (x ** y, status)."""
    if y == 0.0 or x == 1.0:
        return 1.0, 0
    if x != x or y != y:
        return x + y, 0
    if isinf(x) or isinf(y):
        return _pow_endless(x, y), 0
    if x == 0.0:
        if y < 0.0:
            return 0.0, _ZERO
        return (x if _is_odd(y) else 0.0), 0
    if x < 0.0 and y != floor(y):
        return 0.0, _DOMAIN
    value = _pow_finite(x, y)
    if isinf(value):
        return 0.0, _OVERFLOW
    return value, 0


@njit
def _round_scaled(x: Any, n: Any) -> Any:
    """Return x rounded to n digits, 0 <= n <= 22, |x| * 10**n < 2**51; see `_round_digits`."""
    tens = _TENS[n]
    high = x * tens
    low = fma(x, tens, -high)  # high + low is x * tens, exactly
    near = rint(high)
    rest = high - near
    # Only at half can the lower part decide: else rest is further from it than low is long.
    if rest == 0.5 and low > 0.0:
        near += 1.0
    elif rest == -0.5 and low < 0.0:
        near -= 1.0
    return near / tens  # both are exact, so this is the float nearest to the decimal


@njit
def _round_text(x: Any, n: Any) -> Any:
    """Return x rounded to n digits by its decimal digits. x is not negative."""
    text = _new_text(0)
    if n >= 0:
        _print_text(text, n, x)
        return _read_text(text)
    store_i8(text, 0, _DIGIT_0)  # room for a carry
    length = _print_text(text + 1, 0, x) + 1
    kept = length + n
    if kept < 1:
        return 0.0
    first = load_i8(text, kept)
    up = first > _DIGIT_5
    if first == _DIGIT_5:
        up = load_i8(text, kept - 1) & 1 == 1
        for place in range(kept + 1, length):
            if load_i8(text, place) != _DIGIT_0:
                up = True
    for place in range(kept, length):
        store_i8(text, place, _DIGIT_0)
    place = kept - 1
    while up:
        digit = load_i8(text, place)
        up = digit == _DIGIT_9
        store_i8(text, place, _DIGIT_0 if up else digit + 1)
        place -= 1
    return _read_text(text)


@njit
def _round_digits(x: Any, n: Any) -> Any:
    if not isfinite(x) or x == 0.0 or n > _NDIGITS_MAX:
        return x, 0
    if n < _NDIGITS_MIN:
        return 0.0 * x, 0
    size = fabs(x)
    if n >= 0 and size >= _WHOLE_FROM:
        return x, 0
    if 0 <= n <= _TENS_LAST and size * _TENS[n] < 0.5 * _WHOLE_FROM:
        return _round_scaled(x, n), 0
    if -_TENS_LAST <= n < 0:
        # The remainder is exact, with the even of two nearest multiples.
        return copysign(size - remainder(size, _TENS[-n]), x), 0
    value = copysign(_round_text(size, n), x)
    if isinf(value):
        return 0.0, _OVERFLOW
    return value, 0


BODIES: Final = {
    "floordiv_float": _floordiv,
    "mod_float": _mod,
    "pow_float": pow_float,
    "round_digits": _round_digits,
}
