"""Calls of builtin functions.

Owns: which builtin functions are native and what they give. Does not own: those that run over items
(`consuming.py`), modules (`module_calls.py`).
"""

import ast
from typing import Final

from zones.traits.native import arithmetic, consuming, lists
from zones.traits.native.calls import Arguments, call_function
from zones.traits.native.conversion import (
    as_int,
    as_mask,
    as_real,
    bit,
    constant,
    floating,
    int_argument,
    is_float,
    items_of,
    mask_of,
    number,
    truth,
    tuple_of,
    whole,
)
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.types import (
    BOOL,
    FLOAT,
    IS_NONE,
    UNKNOWN,
    FunctionType,
    ListType,
    Ref,
    TupleType,
    Value,
)

CONSUMERS: Final = frozenset(("sum", "min", "max", "sorted", "any", "all", "list", "tuple"))


def call_builtin(e: Emitter, node: ast.Call, name: str) -> Value:
    """Write a call of a builtin function."""
    spot = Spot(node)
    if any(isinstance(each, ast.Starred) for each in node.args):
        raise e.refuse("arguments with a star")
    if name in CONSUMERS:
        return _consume(e, spot, node, name)
    keywords = {each.arg: each.value for each in node.keywords}
    if name == "round" and set(keywords) <= {"ndigits"}:
        return _round(e, spot, [*node.args, *keywords.values()])
    if keywords or not node.args:
        if name in ("float", "int", "bool") and not keywords:
            return constant(e, {"float": 0.0, "int": 0, "bool": False}[name])
        raise e.refuse(f"this form of {name}")
    if name == "float" and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
        return _float_of_text(e, spot, node.args[0])
    values = [e.value(each) for each in node.args]
    if any(each.type == UNKNOWN for each in values):
        return Value(UNKNOWN)
    if len(values) == 1:
        return _of_one(e, spot, name, values[0])
    if name == "pow" and len(values) == 2:
        return arithmetic.operate(e, spot, "Pow", *values)
    if name == "divmod" and len(values) == 2:
        parts = [arithmetic.operate(e, spot.at(op), op, *values) for op in ("FloorDiv", "Mod")]
        return tuple_of(parts)
    raise e.refuse(f"the builtin {name}")


def _of_one(e: Emitter, spot: Spot, name: str, value: Value) -> Value:
    if name == "len":
        return _length(e, value)
    if name == "abs":
        return arithmetic.absolute(e, spot, value)
    if name == "bool":
        return bit(truth(e, value))
    if name == "float":
        return _float(e, value)
    if name == "int":
        return _whole(e, spot, value, "int_of_float")
    raise e.refuse(f"the builtin {name}")


def _float_of_text(e: Emitter, spot: Spot, node: ast.Constant) -> Value:
    if isinstance(node.value, str):
        text = node.value.strip().lower().lstrip("+")
        if text in ("inf", "infinity", "-inf", "-infinity", "nan"):
            return constant(e, float(text))
        raise e.refuse("float of a text")
    return _of_one(e, spot, "float", e.value(node))


def _length(e: Emitter, value: Value) -> Value:
    match value.type:
        case ListType(_, False):
            return lists.length(e, value)
        case TupleType(items, False):
            return constant(e, len(items))
    if isinstance(value.literal, str):
        return constant(e, len(value.literal))
    raise e.refuse(f"len of {value.type.named()}")


def _float(e: Emitter, value: Value) -> Value:
    if isinstance(value.type, Ref):
        raise e.refuse("float of a text")
    value = number(e, value)
    return value if value.type == UNKNOWN else floating(as_real(e, value))


def _whole(e: Emitter, spot: Spot, value: Value, symbol: str) -> Value:
    """Write int, math.floor and the like: of an int it is the int."""
    if isinstance(value.type, Ref):
        raise e.refuse("int of a text")
    value = number(e, value)
    if value.type == UNKNOWN:
        return value
    mask = mask_of(value)
    if mask == FLOAT:
        return whole(e.call(symbol, value.parts[0])[0])
    if not mask & FLOAT:
        return whole(as_int(e, value), value.is_small or mask == BOOL)
    result = e.temporary(spot, symbol)
    real = as_mask(e, value, FLOAT).parts[0]
    bits = value.parts[1]
    e.fork(
        is_float(e, value),
        lambda: e.store(result, whole(e.call(symbol, real)[0])),
        lambda: e.store(result, whole(bits)),
    )
    return e.load(result)


def whole_of(e: Emitter, spot: Spot, value: Value, symbol: str) -> Value:
    """Write math.floor, math.ceil, math.trunc."""
    return _whole(e, spot, value, symbol)


def _round(e: Emitter, spot: Spot, nodes: list[ast.expr]) -> Value:
    if not 1 <= len(nodes) <= 2:
        raise e.refuse("this form of round")
    values = [e.value(each) for each in nodes]
    if len(values) == 1 or values[1].type == IS_NONE:
        return _whole(e, spot, values[0], "round_float")
    value, digits = number(e, values[0]), int_argument(e, values[1])
    if value.type == UNKNOWN or digits is None:
        return Value(UNKNOWN)
    mask = mask_of(value)
    if mask == FLOAT:
        return floating(e.call("round_digits", value.parts[0], digits)[0])
    if not mask & FLOAT:
        return whole(e.call("round_int", as_int(e, value), digits)[0])
    result = e.temporary(spot, "round")
    real, bits = as_mask(e, value, FLOAT).parts[0], value.parts[1]
    e.fork(
        is_float(e, value),
        lambda: e.store(result, floating(e.call("round_digits", real, digits)[0])),
        lambda: e.store(result, whole(e.call("round_int", bits, digits)[0])),
    )
    return e.load(result)


# Those that run over items.


def _consume(e: Emitter, spot: Spot, node: ast.Call, name: str) -> Value:
    named = {each.arg or "": each.value for each in node.keywords}
    if not node.args:
        if name in ("list", "tuple") and not named:
            return lists.of_values(e, spot, [])
        raise e.refuse(f"this form of {name}")
    first = node.args[0]
    if name == "sum" and set(named) <= {"start"} and len(node.args) + len(named) <= 2:
        starts = [*node.args[1:], *named.values()]
        return consuming.total(e, spot, first, starts[0] if starts else None)
    if name in ("any", "all") and not named and len(node.args) == 1:
        return consuming.quantified(e, spot, first, name == "any")
    if name in ("list", "tuple") and not named and len(node.args) == 1:
        return consuming.listing(e, spot, first)
    if name == "sorted" and set(named) <= {"key", "reverse"} and len(node.args) == 1:
        key: list[consuming.Key | None] = []
        made = consuming.listing(
            e, spot.at("list"), first, lambda: key.append(key_of(e, spot, named.get("key")))
        )
        return consuming.in_order(e, spot, made, key[0], _is_reversed(e, named))
    if name in ("min", "max"):
        return _extreme(e, spot, node, name == "max", named)
    raise e.refuse(f"this form of {name}")


def sort_call(e: Emitter, spot: Spot, made: Value, named: dict[str, ast.expr]) -> Value:
    """Write list.sort of a list that is paid for."""
    key = key_of(e, spot, named.get("key"))
    return consuming.in_order(e, spot, made, key, _is_reversed(e, named))


def _is_reversed(e: Emitter, named: dict[str, ast.expr]) -> bool:
    turned = named.get("reverse")
    if turned is not None and not isinstance(turned, ast.Constant):
        raise e.refuse("reverse that is no constant")
    return isinstance(turned, ast.Constant) and bool(turned.value)


def _extreme(
    e: Emitter, spot: Spot, node: ast.Call, is_max: bool, named: dict[str, ast.expr]
) -> Value:
    if not set(named) <= {"key", "default"}:
        raise e.refuse("min or max with other names")
    if len(node.args) > 1:
        if "default" in named:
            return e.fault("TypeError")
        values = [e.value(each) for each in node.args]
        key = key_of(e, spot, named.get("key"))
        if any(each.type == UNKNOWN for each in values):
            return Value(UNKNOWN)
        return consuming.least_of(e, spot, values, is_max, key)
    value_first = isinstance(node.args[0], ast.Tuple) and "default" not in named
    if value_first and isinstance(node.args[0], ast.Tuple) and 0 < len(node.args[0].elts) <= 8:
        items = e.value(node.args[0])
        e.spend(str(len(node.args[0].elts)))
        key = key_of(e, spot, named.get("key"))
        return consuming.least_of(e, spot, items_of(items), is_max, key)

    def others() -> tuple[consuming.Key | None, Value | None]:
        told: dict[str, Value] = {}
        for each, given in named.items():  # in the order of the source
            told[each] = e.value(given)
        return _key(e, spot, told.get("key")), told.get("default")

    return consuming.extreme(e, spot, node.args[0], is_max, others)


def key_of(e: Emitter, spot: Spot, node: ast.expr | None) -> consuming.Key | None:
    """Return what writes calls of a key function."""
    return None if node is None else _key(e, spot, e.value(node))


def _key(e: Emitter, spot: Spot, value: Value | None) -> consuming.Key | None:
    if value is None or value.type == IS_NONE:
        return None
    if not isinstance(value.type, FunctionType):
        raise e.refuse("a key that is no function of the source")
    kind = value.type

    def key(e: Emitter, item: Value) -> Value:
        return call_function(e, spot.at("key"), kind, Arguments([item]))

    return key
