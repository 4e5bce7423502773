"""The smallest functions of traits' arithmetic: a few instructions where they are called.

Owns: their instructions. Does not own: their meaning (`signatures.py`). All exact.
"""

import math
from typing import Any, Final

from llvmlite import ir

from zones.traits import contract
from zones.traits.machine import REAL, WORD, Operation, pair
from zones.traits.signatures import SIGNATURES, Signature

_ZERO: Final = ir.Constant(WORD, 0)
_BIT: Final = ir.IntType(1)
_CANONICAL_NAN: Final = 0x7FF8_0000_0000_0000
_EXPONENT_BIAS: Final = 1023
_FRACTION_BITS: Final = 52


def _status(builder: Any, failed: Any, code: int) -> Any:
    return builder.select(failed, ir.Constant(WORD, code), _ZERO)


def _checked(symbol: str) -> Any:
    """Return how an operation of two ints is lowered that tells of overflow."""

    def lower(builder: Any, a: Any, b: Any) -> tuple[Any, Any]:
        kind = ir.FunctionType(ir.LiteralStructType([WORD, _BIT]), [WORD, WORD])
        name = f"llvm.{symbol}.with.overflow.i64"
        known = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        both = builder.call(known, [a, b])
        failed = builder.extract_value(both, 1)
        return builder.extract_value(both, 0), _status(builder, failed, contract.OVERFLOW)

    return lower


def _fallible(name: str, lower: Any) -> Operation:
    """Return the operation that gives the (value, status) which `lower` makes."""
    plan = SIGNATURES[name]

    def write(context: Any, builder: Any, values: Any) -> Any:
        return pair(context, builder, plan, list(lower(builder, *values)))

    return Operation(name, plan, write)


def _plain(name: str, lower: Any, plan: Signature | None = None) -> Operation:
    """Return the operation that gives the value which `lower` makes."""
    return Operation(
        name, plan or SIGNATURES[name], lambda _context, builder, values: lower(builder, *values)
    )


def _absolute(builder: Any, a: Any) -> tuple[Any, Any]:
    value, status = _checked("ssub")(builder, _ZERO, a)
    negative = builder.icmp_signed("<", a, _ZERO)
    return builder.select(negative, value, a), builder.select(negative, status, _ZERO)


def _real(value: float) -> Any:
    return ir.Constant(REAL, value)


def _call_real(builder: Any, name: str, value: Any) -> Any:
    kind = ir.FunctionType(REAL, [REAL])
    symbol = f"llvm.{name}.f64"
    known = builder.module.globals.get(symbol) or ir.Function(builder.module, kind, symbol)
    return builder.call(known, [value])


def _divide(builder: Any, x: Any, y: Any) -> tuple[Any, Any]:
    nothing = builder.fcmp_ordered("==", y, _real(0.0))
    return builder.fdiv(x, y), _status(builder, nothing, contract.ZERO_DIVISION)


def _root(builder: Any, x: Any) -> tuple[Any, Any]:
    negative = builder.fcmp_ordered("<", x, _real(0.0))
    return _call_real(builder, "sqrt", x), _status(builder, negative, contract.DOMAIN)


def _square(builder: Any, x: Any) -> tuple[Any, Any]:
    value = builder.fmul(x, x)
    endless = builder.fcmp_ordered("==", value, _real(math.inf))
    given = builder.fcmp_ordered("==", _call_real(builder, "fabs", x), _real(math.inf))
    beyond = builder.and_(endless, builder.not_(given))
    return value, _status(builder, beyond, contract.OVERFLOW)


def _canonical(builder: Any, x: Any) -> Any:
    nan = builder.bitcast(ir.Constant(WORD, _CANONICAL_NAN), REAL)
    return builder.select(builder.fcmp_unordered("uno", x, x), nan, x)


def _is_infinite(builder: Any, x: Any) -> Any:
    return builder.fcmp_ordered("==", _call_real(builder, "fabs", x), _real(math.inf))


def _is_finite(builder: Any, x: Any) -> Any:
    return builder.fcmp_ordered("<", _call_real(builder, "fabs", x), _real(math.inf))


def _power_of_two(builder: Any, n: Any) -> Any:
    biased = builder.add(n, ir.Constant(WORD, _EXPONENT_BIAS))
    return builder.bitcast(builder.shl(biased, ir.Constant(WORD, _FRACTION_BITS)), REAL)


add_int = _fallible("add_int", _checked("sadd"))
sub_int = _fallible("sub_int", _checked("ssub"))
mul_int = _fallible("mul_int", _checked("smul"))
neg_int = _fallible("neg_int", lambda builder, a: _checked("ssub")(builder, _ZERO, a))
abs_int = _fallible("abs_int", _absolute)
div_float = _fallible("div_float", _divide)
sqrt = _fallible("sqrt", _root)
square = _fallible("square", _square)
fabs = _plain("fabs", lambda builder, x: _call_real(builder, "fabs", x))
canonical = _plain("canonical", _canonical)
float_of_int = _plain("float_of_int", lambda builder, a: builder.sitofp(a, REAL))
isnan = _plain("isnan", lambda builder, x: builder.fcmp_unordered("uno", x, x))
isinf = _plain("isinf", _is_infinite)
isfinite = _plain("isfinite", _is_finite)
degrees = _plain("degrees", lambda builder, x: builder.fmul(x, _real(180.0 / math.pi)))
radians = _plain("radians", lambda builder, x: builder.fmul(x, _real(math.pi / 180.0)))

bits_of = _plain("bits_of", lambda builder, x: builder.bitcast(x, WORD), Signature("f", "i"))
float_of_bits = _plain(
    "float_of_bits", lambda builder, a: builder.bitcast(a, REAL), Signature("i", "f")
)
power_of_two = _plain("power_of_two", _power_of_two, Signature("i", "f"))
"""2.0 ** n for n from -1022 to 1023: built, so exact."""
