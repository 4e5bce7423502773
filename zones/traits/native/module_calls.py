"""Functions and constants of math and random.

Owns: which of them are native, what they take. Does not own: their values (`signatures.py`).
"""

import math
from typing import Final

from zones.traits.native import entity, lists
from zones.traits.native.arithmetic import checked
from zones.traits.native.builtin_calls import whole_of
from zones.traits.native.code import real
from zones.traits.native.conversion import (
    constant,
    floating,
    int_argument,
    items_of,
    real_argument,
    without_none,
)
from zones.traits.native.conversion import whole as of_int
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.types import IS_BOOL, UNKNOWN, ListType, TupleType, Value
from zones.traits.signatures import FUNCTIONS, INTEGERS

_CONSTANTS: Final = {
    "pi": math.pi,
    "e": math.e,
    "tau": math.tau,
    "inf": math.inf,
    "nan": math.nan,
}
_WHOLE: Final = frozenset(("floor", "ceil", "trunc"))
_OF_INTS: Final = frozenset(("comb", "factorial", "gcd", "isqrt", "lcm", "perm"))
_STREAMS: Final = 64
"""`random_streams.TRAITS`: traits draw from this stream and their slot."""


def module_constant(e: Emitter, module: str, name: str) -> Value:
    """Return a constant of a module."""
    if module == "math" and name in _CONSTANTS:
        return constant(e, _CONSTANTS[name])
    raise e.refuse(f"{module}.{name} as a value")


def call_module(e: Emitter, spot: Spot, module: str, name: str, values: list[Value]) -> Value:
    """Write a call of a function of a module."""
    if any(each.type == UNKNOWN for each in values):
        return Value(UNKNOWN)
    if module == "math":
        return _math(e, spot, name, values)
    if module == "random":
        return _random(e, spot, name, values)
    raise e.refuse(f"{module}.{name}")


_DEFAULTS: Final = {"isclose": {"rel_tol": 1e-09, "abs_tol": 0.0}}
_NAMES: Final = {
    "uniform": ("a", "b"),
    "randint": ("a", "b"),
    "gauss": ("mu", "sigma"),
    "normalvariate": ("mu", "sigma"),
    "expovariate": ("lambd",),
}


def placed(
    e: Emitter, module: str, name: str, by_place: list[Value], by_name: dict[str, Value]
) -> list[Value]:
    """Return the arguments of a call in the order that they are taken."""
    values = list(by_place)
    if name in _DEFAULTS and len(values) == 2:
        for each, value in _DEFAULTS[name].items():
            values.append(by_name.pop(each) if each in by_name else constant(e, value))
    for each in _NAMES.get(name, ())[len(values) :]:
        if each in by_name:
            values.append(by_name.pop(each))
    if by_name:
        raise e.refuse(f"{module}.{name} with these named arguments")
    return values


def _math(e: Emitter, spot: Spot, name: str, values: list[Value]) -> Value:
    if name in _WHOLE and len(values) == 1:
        return whole_of(e, spot, values[0], name)
    if name in _OF_INTS:
        return _of_ints(e, name, values)
    if name == "hypot":
        return _hypot(e, values)
    if name == "dist" and len(values) == 2:
        return _dist(e, values)
    if name == "log" and len(values) == 2:
        name = "log_base"
    if name not in FUNCTIONS or name in {"frexp", "modf"}:
        raise e.refuse(f"math.{name}")
    plan = FUNCTIONS[name]
    if len(values) != len(plan.takes):
        raise e.refuse(f"math.{name} with {len(values)} arguments")
    reals = []
    for kind, each in zip(plan.takes, values, strict=True):
        register = real_argument(e, each) if kind == "f" else int_argument(e, each)
        if register is None:
            return Value(UNKNOWN)
        reals.append(register)
    direct = _in_place(e, name, reals)
    if direct is not None:
        return direct
    result = e.call(name, *reals)[0]
    return Value(IS_BOOL, (result,)) if plan.gives == "b" else floating(result)


def _in_place(e: Emitter, name: str, reals: list[str]) -> Value | None:
    """Write the small ones; None for all others."""
    x = reals[0]
    if name == "sqrt":
        e.fault_if(e.code.emit(f"fcmp olt double {x}, 0.0"), "ValueError")
        return floating(e.intrinsic("llvm.sqrt.f64", "double", ("double", x)))
    if name == "fabs":
        return floating(e.intrinsic("llvm.fabs.f64", "double", ("double", x)))
    if name in ("radians", "degrees"):
        factor = math.pi / 180.0 if name == "radians" else 180.0 / math.pi
        return floating(e.code.emit(f"fmul double {x}, {real(factor)}"))
    return None


def _of_ints(e: Emitter, name: str, values: list[Value]) -> Value:
    wanted = len(INTEGERS[name].takes)
    numbers = [int_argument(e, each) for each in values]
    registers = [each for each in numbers if each is not None]
    if len(registers) < len(numbers):
        return Value(UNKNOWN)
    if len(registers) != wanted:
        raise e.refuse(f"math.{name} with {len(values)} arguments")
    return of_int(e.call(name, *registers)[0])


def _hypot(e: Emitter, values: list[Value]) -> Value:
    reals = [real_argument(e, each) for each in values]
    known = [each for each in reals if each is not None]
    if len(known) < len(reals):
        return Value(UNKNOWN)
    if not known:
        return constant(e, 0.0)
    if len(known) == 1:
        return floating(e.intrinsic("llvm.fabs.f64", "double", ("double", known[0])))
    result = known[0]
    for each in known[1:]:
        result = e.call("hypot", result, each)[0]
    return floating(result)


def _dist(e: Emitter, values: list[Value]) -> Value:
    kinds = [each.type for each in values]
    if not all(isinstance(kind, TupleType) and not kind.may_be_none for kind in kinds):
        raise e.refuse("math.dist of anything but tuples")
    one, two = (items_of(each) for each in values)
    e.spend(str(len(one) + len(two)))
    if len(one) != len(two):
        return e.fault("ValueError")
    ways = []
    for a, b in zip(one, two, strict=True):
        x, y = real_argument(e, a), real_argument(e, b)
        if x is None or y is None:
            return Value(UNKNOWN)
        ways.append(floating(e.code.emit(f"fsub double {x}, {y}")))
    return _hypot(e, ways)


# random


def draw(e: Emitter, name: str, *more: str, draws: int = 1) -> str:
    """Write the next draw of the call."""
    index = e.code.load("i64", e.draws)
    e.code.store("i64", e.code.emit(f"add i64 {index}, {draws}"), e.draws)
    if "stream" not in e.words:
        e.words["stream"] = e.code.once(f"add i64 {e.word('slot')}, {_STREAMS}")
    identity = entity.own(e, "id", "i64")
    return e.call(name, e.word("tick_key"), identity, e.words["stream"], index, *more)[0]


def _random(e: Emitter, spot: Spot, name: str, values: list[Value]) -> Value:
    if name == "random" and not values:
        return floating(draw(e, "draw_unit"))
    if name in ("uniform", "gauss", "normalvariate") and (name != "uniform" or len(values) == 2):
        return _of_reals(e, name, values)
    if name == "expovariate" and len(values) == 1:
        return _expovariate(e, values[0])
    if name in ("randint", "randrange"):
        return _whole_draw(e, name, values)
    if name == "choice" and len(values) == 1:
        return _choice(e, spot, values[0])
    raise e.refuse(f"random.{name}")


def _of_reals(e: Emitter, name: str, values: list[Value]) -> Value:
    if len(values) > 2:
        raise e.refuse(f"random.{name} with {len(values)} arguments")
    defaults = [constant(e, 0.0), constant(e, 1.0)]
    reals = [real_argument(e, each) for each in (*values, *defaults[len(values) :])]
    a, b = reals
    if a is None or b is None:
        return Value(UNKNOWN)
    if name != "uniform":
        return floating(draw(e, "draw_gauss", a, b, draws=2))
    unit = draw(e, "draw_unit")
    way = e.code.emit(f"fsub double {b}, {a}")
    return floating(e.code.emit(f"fadd double {a}, {e.code.emit(f'fmul double {way}, {unit}')}"))


def _expovariate(e: Emitter, value: Value) -> Value:
    rate = real_argument(e, value)
    if rate is None:
        return Value(UNKNOWN)
    unit = draw(e, "draw_unit")
    rest = e.code.emit(f"fsub double {real(1.0)}, {unit}")
    logarithm = e.code.emit(f"fneg double {e.call('log', rest)[0]}")
    e.fault_unless(e.code.emit(f"fcmp une double {rate}, 0.0"), "ZeroDivisionError")
    return floating(e.code.emit(f"fdiv double {logarithm}, {rate}"))


def _whole_draw(e: Emitter, name: str, values: list[Value]) -> Value:
    numbers = [int_argument(e, each) for each in values]
    known = [each for each in numbers if each is not None]
    if len(known) < len(numbers):
        return Value(UNKNOWN)
    if name == "randint" and len(known) == 2:
        low, high = known
        width = checked(e, "sadd", checked(e, "ssub", high, low), "1")
    elif name == "randrange" and len(known) in (1, 2):
        low, high = ("0", known[0]) if len(known) == 1 else known
        width = checked(e, "ssub", high, low)
    else:
        raise e.refuse(f"random.{name} with {len(values)} arguments")
    e.fault_unless(e.code.emit(f"icmp sgt i64 {width}, 0"), "ValueError")
    below = draw(e, "draw_below", width)
    return of_int(checked(e, "sadd", low, below))


def _choice(e: Emitter, spot: Spot, value: Value) -> Value:
    value = without_none(e, value)
    if isinstance(value.type, TupleType):
        if not value.type.items:
            return e.fault("IndexError")
        value = lists.of_values(e, spot.at("tuple"), items_of(value))
    if not isinstance(value.type, ListType):
        raise e.refuse("random.choice of anything but a list or tuple")
    count = lists.length(e, value).parts[0]
    e.fault_unless(e.code.emit(f"icmp sgt i64 {count}, 0"), "IndexError")
    return lists.read(e, value, draw(e, "draw_below", count))
