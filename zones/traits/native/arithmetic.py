"""Operators on numbers, as `signatures.py` defines them.

Owns: + - * / // % ** << >> & | ^ of numbers, their signs, abs; which of the two arithmetics is
taken where the source does not tell. Does not own: comparisons (`comparing.py`), other values.
"""

from typing import Final

from zones.traits.native.code import real
from zones.traits.native.conversion import (
    as_int,
    as_mask,
    as_real,
    bit,
    constant,
    floating,
    is_float,
    mask_of,
    number,
    whole,
)
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.types import BOOL, FLOAT, INT, UNKNOWN, Value

_PLAIN_REAL: Final = {"Add": "fadd", "Sub": "fsub", "Mult": "fmul"}
_CHECKED: Final = {"Add": "sadd", "Sub": "ssub", "Mult": "smul"}
_BITS: Final = {"BitAnd": "and", "BitOr": "or", "BitXor": "xor"}
_NAMES: Final = {"FloorDiv": "floordiv", "Mod": "mod"}
_FOLDED: Final = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mult": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
}
"""What the interpreter that compiles gives as well: one operation of IEEE 754, or of whole
numbers."""


def operate(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> Value:
    """Write a binary operator on numbers.

    Args:
        spot: tells it apart from others.
        operator: name of its class in `ast`.
    """
    if operator == "MatMult":
        raise e.refuse("a matrix product")
    folded = _fold(operator, left, right)
    if folded is not None:
        return constant(e, folded)
    left, right = number(e, left), number(e, right)
    if UNKNOWN in (left.type, right.type):
        return Value(UNKNOWN)
    if operator in _BITS or operator in ("LShift", "RShift"):
        return _of_bits(e, operator, left, right)
    if FLOAT in (mask_of(left), mask_of(right)):
        return _of_reals(e, operator, as_real(e, left), as_real(e, right), right)
    if not (mask_of(left) | mask_of(right)) & FLOAT:
        return _of_ints(e, spot, operator, left, right)
    return _of_either(e, spot, operator, left, right)


def _fold(operator: str, left: Value, right: Value) -> object:
    a, b = left.literal, right.literal
    if operator not in _FOLDED or type(a) not in (int, float) or type(b) not in (int, float):
        return None
    if operator == "Div" and b == 0:
        return None
    try:
        result = _FOLDED[operator](a, b)
    except OverflowError:
        return None
    return result if isinstance(result, float) or abs(result) < 1 << 63 else None


def _of_either(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> Value:
    """Write both ways: with two ints, and with a float among them."""
    result = e.temporary(spot, f"either {operator}")
    one, two = is_float(e, left), is_float(e, right)
    reals = e.code.emit(f"or i1 {one}, {two}")

    def with_reals() -> None:
        e.store(result, _of_reals(e, operator, as_real(e, left), as_real(e, right), right))

    def with_ints() -> None:
        ints = [as_mask(e, each, INT) if mask_of(each) & FLOAT else each for each in (left, right)]
        e.store(result, _of_ints(e, spot, operator, ints[0], ints[1]))

    e.fork(reals, with_reals, with_ints)
    return e.load(result)


# Floats.


def _of_reals(e: Emitter, operator: str, a: str, b: str, right: Value) -> Value:
    if operator in _PLAIN_REAL:
        return floating(e.code.emit(f"{_PLAIN_REAL[operator]} double {a}, {b}"))
    if operator == "Div":
        if type(right.literal) not in (int, float) or right.literal == 0:
            e.fault_unless(e.code.emit(f"fcmp une double {b}, 0.0"), "ZeroDivisionError")
        return floating(e.code.emit(f"fdiv double {a}, {b}"))
    if operator == "Pow":
        return floating(square(e, a) if right.literal == 2 else e.call("pow_float", a, b)[0])
    if operator == "Mod" and type(right.literal) in (int, float) and right.literal > 0:
        return _remainder(e, a, b)
    return floating(e.call(f"{_NAMES[operator]}_float", a, b)[0])


def _remainder(e: Emitter, a: str, b: str) -> Value:
    """Write x % m for a constant m above 0; an x that is a remainder already is its own."""
    code = e.code
    result = code.slot("double")
    code.store("double", a, result)
    above = code.emit(f"fcmp ogt double {a}, 0.0")
    below = code.emit(f"fcmp olt double {a}, {b}")
    other, behind = code.block("reduce"), code.block("reduced")
    code.go_if(code.emit(f"and i1 {above}, {below}"), behind, other)
    code.place(other)
    code.store("double", e.call("mod_float", a, b)[0], result)
    code.go(behind)
    code.place(behind)
    return floating(code.load("double", result))


def square(e: Emitter, a: str) -> str:
    """Write x ** 2 of a float."""
    product = e.code.emit(f"fmul double {a}, {a}")
    size = e.intrinsic("llvm.fabs.f64", "double", ("double", a))
    infinity = real(float("inf"))
    endless = e.code.emit(f"fcmp oeq double {product}, {infinity}")
    finite = e.code.emit(f"fcmp one double {size}, {infinity}")
    e.fault_if(e.code.emit(f"and i1 {endless}, {finite}"), "OverflowError")
    return product


# Whole numbers.


def checked(e: Emitter, operation: str, a: str, b: str) -> str:
    """Write an operation of two ints; OverflowError where 64 bits do not hold the result."""
    name = f"llvm.{operation}.with.overflow.i64"
    pair = e.intrinsic(name, "{i64, i1}", ("i64", a), ("i64", b))
    beyond = e.code.emit(f"extractvalue {{i64, i1}} {pair}, 1")
    e.fault_if(beyond, "OverflowError")
    return e.code.emit(f"extractvalue {{i64, i1}} {pair}, 0")


def _of_ints(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> Value:
    a, b = as_int(e, left), as_int(e, right)
    if operator in _CHECKED:
        return whole(checked(e, _CHECKED[operator], a, b))
    if operator == "Div":
        return _true_division(e, left, right)
    if operator == "Pow":
        return _power(e, spot, left, right)
    divisor = right.literal
    if type(divisor) is int and divisor > 0:
        return _by_constant(e, operator, a, divisor)
    return whole(e.call(f"{_NAMES[operator]}_int", a, b)[0])


def _true_division(e: Emitter, left: Value, right: Value) -> Value:
    if _is_small(left) and _is_small(right):
        # Both are exact as floats, so one division is the correctly rounded quotient.
        return _of_reals(e, "Div", as_real(e, left), as_real(e, right), right)
    return floating(e.call("truediv_int", as_int(e, left), as_int(e, right))[0])


def _is_small(value: Value) -> bool:
    return value.is_small or mask_of(value) == BOOL


def _by_constant(e: Emitter, operator: str, a: str, divisor: int) -> Value:
    """Write // or % by a positive constant: towards minus infinity."""
    rest = e.code.emit(f"srem i64 {a}, {divisor}")
    below = e.code.emit(f"icmp slt i64 {rest}, 0")
    if operator == "Mod":
        moved = e.code.emit(f"add i64 {rest}, {divisor}")
        return whole(e.code.emit(f"select i1 {below}, i64 {moved}, i64 {rest}"), True)
    quotient = e.code.emit(f"sdiv i64 {a}, {divisor}")
    one = e.code.emit(f"sext i1 {below} to i64")
    return whole(e.code.emit(f"add i64 {quotient}, {one}"))


def _power(e: Emitter, spot: Spot, left: Value, right: Value) -> Value:
    a, n = as_int(e, left), as_int(e, right)
    exponent = right.literal
    if type(exponent) is int:
        if exponent == 2:
            return whole(checked(e, "smul", a, a))
        if exponent >= 0:
            return whole(e.call("pow_int", a, n)[0])
        return floating(e.call("pow_float", as_real(e, left), as_real(e, right))[0])
    result = e.temporary(spot, "power")
    negative = e.code.emit(f"icmp slt i64 {n}, 0")

    def of_reals() -> None:
        e.store(result, floating(e.call("pow_float", as_real(e, left), as_real(e, right))[0]))

    e.fork(negative, of_reals, lambda: e.store(result, whole(e.call("pow_int", a, n)[0])))
    return e.load(result)


def _of_bits(e: Emitter, operator: str, left: Value, right: Value) -> Value:
    if mask_of(left) == mask_of(right) == BOOL and operator in _BITS:
        return bit(e.code.emit(f"{_BITS[operator]} i1 {left.parts[0]}, {right.parts[0]}"))
    operands = []
    for each in (left, right):
        mask = mask_of(each)
        if mask == FLOAT:
            return e.fault("TypeError")
        if mask & FLOAT:
            e.fault_if(is_float(e, each), "TypeError")
            operands.append(each.parts[1])
        else:
            operands.append(as_int(e, each))
    a, b = operands
    if operator in _BITS:
        return whole(e.code.emit(f"{_BITS[operator]} i64 {a}, {b}"))
    if operator == "RShift" and type(right.literal) is int and 0 <= right.literal < 64:
        return whole(e.code.emit(f"ashr i64 {a}, {b}"))
    return whole(e.call("lshift_int" if operator == "LShift" else "rshift_int", a, b)[0])


# One operand.


def negate(e: Emitter, spot: Spot, value: Value, operator: str) -> Value:
    """Write -x, +x or ~x, by the name of the class in `ast`."""
    value = number(e, value)
    if value.type == UNKNOWN:
        return value
    if operator == "USub" and type(value.literal) in (int, float):
        return constant(e, -value.literal)
    mask = mask_of(value)
    if operator == "Invert":
        if mask & FLOAT:
            raise e.refuse("~ of what may be a float")
        return whole(e.code.emit(f"xor i64 {as_int(e, value)}, -1"))
    if operator == "UAdd":
        return whole(as_int(e, value)) if mask == BOOL else value
    if mask == FLOAT:
        return floating(e.code.emit(f"fneg double {value.parts[0]}"))
    if not mask & FLOAT:
        return whole(checked(e, "ssub", "0", as_int(e, value)))
    result = e.temporary(spot, "negative")
    bits = value.parts[1]

    def of_real() -> None:
        decimal = e.code.emit(f"bitcast i64 {bits} to double")
        e.store(result, floating(e.code.emit(f"fneg double {decimal}")))

    e.fork(
        is_float(e, value), of_real, lambda: e.store(result, whole(checked(e, "ssub", "0", bits)))
    )
    return e.load(result)


def absolute(e: Emitter, spot: Spot, value: Value) -> Value:
    """Write abs(x)."""
    value = number(e, value)
    if value.type == UNKNOWN:
        return value
    mask = mask_of(value)
    if mask == FLOAT:
        return floating(e.intrinsic("llvm.fabs.f64", "double", ("double", value.parts[0])))
    if not mask & FLOAT:
        return whole(_absolute_int(e, as_int(e, value)), value.is_small)
    result = e.temporary(spot, "absolute")
    bits = value.parts[1]

    def of_real() -> None:
        decimal = e.code.emit(f"bitcast i64 {bits} to double")
        size = e.intrinsic("llvm.fabs.f64", "double", ("double", decimal))
        e.store(result, floating(size))

    e.fork(is_float(e, value), of_real, lambda: e.store(result, whole(_absolute_int(e, bits))))
    return e.load(result)


def _absolute_int(e: Emitter, a: str) -> str:
    least = e.code.emit(f"icmp eq i64 {a}, {-(1 << 63)}")
    e.fault_if(least, "OverflowError")
    negative = e.code.emit(f"icmp slt i64 {a}, 0")
    turned = e.code.emit(f"sub i64 0, {a}")
    return e.code.emit(f"select i1 {negative}, i64 {turned}, i64 {a}")
