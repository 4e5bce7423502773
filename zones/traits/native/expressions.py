"""Expressions of a trait: which node means what.

Owns: operators, subscripts and comparisons as they stand in the source. Does not own: names
(`lookups.py`), calls (`call_forms.py`), what operators give (the modules it calls).
"""

import ast
from typing import Final

from zones.traits.native import arithmetic, lists, loops, searches, texts
from zones.traits.native.call_forms import write_call
from zones.traits.native.calls import function_value
from zones.traits.native.comparing import compare, inverted
from zones.traits.native.conversion import (
    bit,
    constant,
    int_argument,
    items_of,
    truth,
    tuple_of,
    without_none,
)
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.items import RangeItems
from zones.traits.native.lookups import attribute_value, constant_item, name_value
from zones.traits.native.types import (
    IS_BOOL,
    IS_INT,
    IS_NONE,
    UNKNOWN,
    ListType,
    Ref,
    TupleType,
    Value,
)

TUPLE_MAX: Final = 64


def write_value(e: Emitter, node: ast.expr) -> Value:
    """Write an expression."""
    match node:
        case ast.Constant(value):
            return texts.text(e, value) if isinstance(value, str) else constant(e, value)
        case ast.Name(name):
            return name_value(e, name)
        case ast.Attribute():
            return attribute_value(e, node)
        case ast.BinOp(left, operator, right):
            return _operator(e, node, type(operator).__name__, left, right)
        case ast.UnaryOp(ast.Not()):
            return bit(e.truth(node))
        case ast.UnaryOp(operator, operand):
            return arithmetic.negate(e, Spot(node), e.value(operand), type(operator).__name__)
        case ast.Compare():
            return _comparison(e, node)
        case ast.BoolOp():
            return _either(e, node)
        case ast.IfExp(test, body, orelse):
            result = e.temporary(Spot(node), "if")
            condition = e.truth(test)
            e.fork(
                condition,
                lambda: e.store(result, e.value(body)),
                lambda: e.store(result, e.value(orelse)),
            )
            return e.load(result)
        case ast.Call():
            return write_call(e, node)
    return _composed(e, node)


def write_truth(e: Emitter, node: ast.expr) -> str:
    """Write an expression of which only the truth is needed, and return its bit."""
    match node:
        case ast.UnaryOp(ast.Not(), operand):
            return e.code.emit(f"xor i1 {e.truth(operand)}, true")
        case ast.BoolOp(operator, values):
            return _both_true(e, node, isinstance(operator, ast.And), values)
    return truth(e, e.value(node))


def _both_true(e: Emitter, node: ast.BoolOp, is_and: bool, values: list[ast.expr]) -> str:
    result = e.temporary(Spot(node), "truth")
    behind = e.code.block("truth")
    before: set[int] | None = None
    for place, each in enumerate(values):
        found = e.truth(each)
        e.store(result, bit(found))
        if place == 0:
            before = None if e.bound is None else set(e.bound)
        if place + 1 < len(values):
            on = e.code.block("next")
            e.code.go_if(found, *((on, behind) if is_and else (behind, on)))
            e.code.place(on)
    e.code.go(behind)
    e.code.place(behind)
    e.bound = before
    return e.load(result).parts[0]


def _composed(e: Emitter, node: ast.expr) -> Value:
    match node:
        case ast.Tuple(elements):
            if len(elements) > TUPLE_MAX:
                raise e.refuse("so long a tuple")
            return tuple_of([e.value(_plain(e, each)) for each in elements])
        case ast.List(elements):
            values = [e.value(_plain(e, each)) for each in elements]
            return lists.of_values(e, Spot(node), values)
        case ast.Subscript(value, index):
            return _subscript(e, node, value, index)
        case ast.ListComp():
            return loops.listed(e, Spot(node), node)
        case ast.NamedExpr(target, value):
            result = e.value(value)
            e.store_target(target, result)
            if isinstance(result.type, ListType) and e.loops:
                raise e.refuse("a list that := binds, in a loop")
            return result
        case ast.Await(ast.Call() as called):
            return write_call(e, called, is_awaited=True)
        case ast.Lambda():
            return function_value(e, node)
        case ast.JoinedStr():
            return texts.painted(e, node)
    raise e.refuse(_WHAT.get(type(node), f"{type(node).__name__} as a value"))


_WHAT: Final[dict[type[ast.expr], str]] = {
    ast.Dict: "a dict",
    ast.DictComp: "a dict",
    ast.Set: "a set",
    ast.SetComp: "a set",
    ast.GeneratorExp: "a generator that is kept",
    ast.Yield: "a generator",
    ast.YieldFrom: "a generator",
    ast.Await: "an await of anything but a call",
}


def _plain(e: Emitter, node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Starred):
        raise e.refuse("a star in a list or tuple")
    return node


def _operator(
    e: Emitter, node: ast.BinOp, operator: str, left_node: ast.expr, right_node: ast.expr
) -> Value:
    left, right = e.value(left_node), e.value(right_node)
    if isinstance(left.type, ListType) or isinstance(right.type, ListType):
        return _of_list(e, node, operator, left, right)
    if isinstance(left.type, TupleType) and isinstance(right.type, TupleType):
        if operator == "Add" and not (left.type.may_be_none or right.type.may_be_none):
            items = [*items_of(left), *items_of(right)]
            if len(items) < 16:
                return tuple_of(items)
        raise e.refuse("this operator on tuples")
    if isinstance(left.type, Ref | TupleType) or isinstance(right.type, Ref | TupleType):
        raise e.refuse("an operator on texts, tuples or entities")
    return arithmetic.operate(e, Spot(node), operator, left, right)


def _of_list(e: Emitter, node: ast.BinOp, operator: str, left: Value, right: Value) -> Value:
    """Write [x] * n, for a list of one item and a constant."""
    if (
        operator == "Mult"
        and isinstance(node.left, ast.List)
        and len(node.left.elts) == 1
        and type(right.literal) is int
        and 0 < right.literal <= lists.LENGTH_MAX
    ):
        count = right.literal
        spot = Spot(node)
        item = lists.read(e, left, "0")
        e.spend(str(count // 16))
        made = lists.new_site(e, spot, count, item.type)
        e.code.store("i64", str(count), made.parts[0])
        zero, one = constant(e, 0), constant(e, 1)
        numbers = RangeItems(e, zero, right, one)
        state = loops.loop(
            e, spot, numbers, lambda k: lists.write(e, made, k.parts[0], item), fuel=0
        )
        loops.close_loops(e, [state])
        return made
    raise e.refuse("an operator on lists")


def _compared(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> str:
    if operator in ("In", "NotIn") and isinstance(right.type, ListType):
        right = without_none(e, right)
        if UNKNOWN in (left.type, right.type):
            return "false"
        return inverted(e, searches.is_in(e, spot, left, right), operator == "NotIn")
    return compare(e, spot, operator, left, right)


def _comparison(e: Emitter, node: ast.Compare) -> Value:
    left = e.value(node.left)
    spot = Spot(node)
    if len(node.ops) == 1:
        right = e.value(node.comparators[0])
        return bit(_compared(e, spot, type(node.ops[0]).__name__, left, right))
    result = e.temporary(spot, "chain")
    behind = e.code.block("chained")
    before: set[int] | None = None
    for place, (operator, other) in enumerate(zip(node.ops, node.comparators, strict=True)):
        right = e.value(other)
        found = _compared(e, spot.at(place), type(operator).__name__, left, right)
        e.store(result, bit(found))
        if place == 0:
            before = None if e.bound is None else set(e.bound)
        if place + 1 < len(node.ops):
            on = e.code.block("chain")
            e.code.go_if(found, on, behind)
            e.code.place(on)
        left = right
    e.code.go(behind)
    e.code.place(behind)
    # What a later comparison binds, or that it always fails, says nothing of who left before it.
    e.bound = before
    return e.load(result)


def _either(e: Emitter, node: ast.BoolOp) -> Value:
    """Write `and` and `or`, which give one of their values."""
    is_and = isinstance(node.op, ast.And)
    result = e.temporary(Spot(node), "either")
    behind = e.code.block("either")
    before: set[int] | None = None
    for place, each in enumerate(node.values):
        value = e.value(each)
        e.store(result, value)
        if place == 0:
            before = None if e.bound is None else set(e.bound)
        if place + 1 < len(node.values):
            on = e.code.block("next")
            found = truth(e, value)
            e.code.go_if(found, *((on, behind) if is_and else (behind, on)))
            e.code.place(on)
    e.code.go(behind)
    e.code.place(behind)
    e.bound = before
    return e.load(result)


def _subscript(e: Emitter, node: ast.Subscript, value: ast.expr, index: ast.expr) -> Value:
    fixed = constant_item(e, value, index)
    if fixed is not None:
        return fixed
    holder = e.value(value)
    if isinstance(index, ast.Slice):
        return _slice(e, node, holder, index)
    place = e.value(index)
    if UNKNOWN in (holder.type, place.type):
        return Value(UNKNOWN)
    holder = without_none(e, holder)
    told = place.literal
    if isinstance(holder.type, TupleType) and type(told) is int:
        items = items_of(holder)
        if -len(items) <= told < len(items):
            return items[told]
        return e.fault("IndexError")
    if isinstance(holder.type, TupleType):
        holder = lists.of_values(e, Spot(node, "tuple"), items_of(holder))
    if not isinstance(holder.type, ListType):
        if isinstance(holder.type, Ref):
            raise e.refuse("an item of a text")
        return e.fault("TypeError") if holder.type != UNKNOWN else holder
    register = int_argument(e, place)
    if register is None:
        return Value(UNKNOWN)
    return lists.read(e, holder, lists.checked_index(e, holder, register))


def _slice(e: Emitter, node: ast.Subscript, holder: Value, index: ast.Slice) -> Value:
    bounds: list[str | None] = []
    for each in (index.lower, index.upper):
        value = e.value(each) if each is not None else constant(e, None)
        if value.type != IS_NONE and value.type not in (IS_INT, IS_BOOL, UNKNOWN):
            raise e.refuse("a slice whose bounds may be no whole numbers")
        bounds.append(None if value.type == IS_NONE else int_argument(e, value))
    if index.step is not None:
        raise e.refuse("a slice with a step")
    holder = without_none(e, holder)
    if isinstance(holder.type, TupleType) and len(holder.type.items) < 16:
        told = [each if each is None else int(each) for each in bounds if _is_number(each)]
        if len(told) == 2:
            return tuple_of(items_of(holder)[told[0] : told[1]])
    if not isinstance(holder.type, ListType):
        raise e.refuse(f"a slice of {holder.type.named()}")
    return lists.slice_of(e, Spot(node), holder, *bounds)


def _is_number(register: str | None) -> bool:
    return register is None or register.lstrip("-").isdigit()
