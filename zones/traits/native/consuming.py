"""Builtin functions that run over items: sum, min, max, sorted, any, all, list.

Owns: what they give and the fuel they use. Does not own: the loops (`loops.py`), the step from item
to item (`items.py`).

Items of a list are paid for at once, those of a generator expression one by one; min, max and
sorted take all of them before a key is asked for.
"""

import ast
from collections.abc import Callable
from typing import Final, Protocol

from zones.traits.native import arithmetic, lists
from zones.traits.native.comparing import compare
from zones.traits.native.conversion import (
    as_int,
    bit,
    constant,
    items_of,
    mask_of,
    number,
    truth,
    whole,
)
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot, Variable
from zones.traits.native.items import ListItems
from zones.traits.native.loops import (
    called_builtin,
    close_loops,
    each_item,
    items_of_expression,
    list_of_value,
    listed,
    loop,
)
from zones.traits.native.types import (
    FLOAT,
    INT,
    IS_FLOAT,
    NONE,
    TAG_FLOAT,
    TAG_INT,
    UNKNOWN,
    ListType,
    Scalar,
    TupleType,
    Value,
)

LAZY: Final = frozenset(("range", "enumerate", "zip", "reversed", "map", "filter"))


def _nothing() -> None:
    """Write nothing."""


class Key(Protocol):
    """Writes a call of a key function."""

    def __call__(self, e: Emitter, item: Value) -> Value:
        """Return what the function gives for an item."""


def taken(
    e: Emitter, spot: Spot, node: ast.expr, before: Callable[[], None] = _nothing
) -> tuple[Value, bool]:
    """Return all items of an expression, paid for, as a list, and whether it is a new one.

    Args:
        before: writes the other arguments, which come behind the expression and before its items.
    """
    if isinstance(node, ast.GeneratorExp):
        return listed(e, spot, node, fuel=1, before=before), True
    if called_builtin(e, node) in LAZY:
        made = lists.new_site(e, spot.at("items"), 0)
        items = items_of_expression(e, node)
        before()
        # `for` has its own unit for each item; here the one who takes has it.
        close_loops(
            e, [loop(e, spot.at("all"), items, lambda item: lists.append(e, spot, made, item))]
        )
        return made, True
    if isinstance(node, ast.ListComp):
        made, is_new = listed(e, spot, node), True
    else:
        value = e.value(node)
        is_new = not isinstance(value.type, ListType)
        made = list_of_value(e, spot, value)
    before()
    e.spend(e.code.load("i64", made.parts[0]))
    return made, is_new


def listing(e: Emitter, spot: Spot, node: ast.expr, before: Callable[[], None] = _nothing) -> Value:
    """Write list(x)."""
    made, is_new = taken(e, spot, node, before)
    if is_new:
        return made
    return lists.copy_range(e, spot.at("copy"), made, "0", e.code.load("i64", made.parts[0]))


def total(e: Emitter, spot: Spot, node: ast.expr, start_node: ast.expr | None) -> Value:
    """Write sum. Of floats from 0 on, the sum is kept as a float and judged an int where empty."""
    code = e.code
    start = constant(e, 0)
    real_sum, some, beyond = code.slot("double"), code.slot("i1"), code.slot("i1")
    code.store("double", "0.0", real_sum)
    code.store("i1", "false", some)
    code.store("i1", "false", beyond)
    result = e.temporary(spot, "sum")
    are_floats = False

    def begin() -> None:
        nonlocal start
        if start_node is not None:
            start = e.value(start_node)
            if not mask_of(start) or mask_of(start) & NONE:
                raise e.refuse("sum with a start that may be no number")
        e.store(result, start)

    def add(item: Value) -> None:
        nonlocal are_floats
        if isinstance(node, ast.GeneratorExp):
            e.spend("1")
        item = number(e, item)
        if item.type == UNKNOWN:
            return
        if item.type == IS_FLOAT and type(start.literal) is int and start.literal == 0:
            are_floats = True
            before = code.load("double", real_sum)
            code.store("double", code.emit(f"fadd double {before}, {item.parts[0]}"), real_sum)
            code.store("i1", "true", some)
            return
        before_sum = e.load(result)
        if (mask_of(before_sum) | mask_of(item)) & FLOAT:
            e.store(result, arithmetic.operate(e, spot.at("add"), "Add", before_sum, item))
        else:
            e.store(result, _added(e, before_sum, item, beyond))

    if isinstance(node, ast.GeneratorExp):
        close_loops(e, each_item(e, node, add, before=begin))
    else:
        made, _ = taken(e, spot.at("taken"), node, begin)
        close_loops(e, [loop(e, spot.at("sum"), ListItems(e, made), add, fuel=0)])
    e.fault_if(code.load("i1", beyond), "OverflowError")
    if not are_floats:
        return e.load(result)
    tag = code.emit(f"select i1 {code.load('i1', some)}, i8 {TAG_FLOAT}, i8 {TAG_INT}")
    bits = code.emit(f"bitcast double {code.load('double', real_sum)} to i64")
    return Value(Scalar(INT | FLOAT), (tag, bits))


def _added(e: Emitter, before: Value, item: Value, beyond: str) -> Value:
    """Add two ints; that it was too much is told when all items have been taken."""
    name = "llvm.sadd.with.overflow.i64"
    operands = [("i64", as_int(e, each)) for each in (before, item)]
    pair = e.intrinsic(name, "{i64, i1}", *operands)
    over = e.code.emit(f"extractvalue {{i64, i1}} {pair}, 1")
    known = e.code.load("i1", beyond)
    e.code.store("i1", e.code.emit(f"or i1 {known}, {over}"), beyond)
    return whole(e.code.emit(f"extractvalue {{i64, i1}} {pair}, 0"))


def quantified(e: Emitter, spot: Spot, node: ast.expr, is_any: bool) -> Value:
    """Write any or all."""
    result = e.temporary(spot, "any")
    e.store(result, bit("false" if is_any else "true"))
    leave = e.code.block("decided")

    def look(item: Value) -> None:
        e.spend("1")
        found = truth(e, item)
        stop, on = e.code.block("stop"), e.code.block("on")
        e.code.go_if(found, *((stop, on) if is_any else (on, stop)))
        e.code.place(stop)
        e.store(result, bit("true" if is_any else "false"))
        e.code.go(leave)
        e.code.place(on)

    if isinstance(node, ast.GeneratorExp):
        made = each_item(e, node, look)
    else:
        made = [loop(e, spot, items_of_expression(e, node), look, fuel=0)]
    close_loops(e, made)
    e.code.go(leave)
    e.code.place(leave)
    return e.load(result)


def least_of(e: Emitter, spot: Spot, values: list[Value], is_max: bool, key: Key | None) -> Value:
    """Write min or max of several values."""
    best = values[0]
    best_key = key(e, best) if key else best
    for place, each in enumerate(values[1:]):
        here = spot.at(place)
        each_key = key(e, each) if key else each
        better = compare(e, here, "Gt" if is_max else "Lt", each_key, best_key)
        best = chosen(e, here.at("value"), better, each, best)
        best_key = chosen(e, here.at("key"), better, each_key, best_key) if key else best
    return best


def chosen(e: Emitter, spot: Spot, condition: str, one: Value, other: Value) -> Value:
    """Return one of two values by a bit."""
    if one.type == other.type:
        parts = [
            e.code.emit(f"select i1 {condition}, {machine} {a}, {machine} {b}")
            for machine, a, b in zip(one.type.machine, one.parts, other.parts, strict=True)
        ]
        return Value(one.type, tuple(parts), ..., one.is_small and other.is_small)
    result = e.temporary(spot, "chosen")
    e.fork(condition, lambda: e.store(result, one), lambda: e.store(result, other))
    return e.load(result)


def extreme(
    e: Emitter,
    spot: Spot,
    node: ast.expr,
    is_max: bool,
    others: Callable[[], tuple[Key | None, Value | None]],
) -> Value:
    """Write min or max of the items of an expression.

    Args:
        others: writes key and default, and returns them.
    """
    code = e.code
    key: Key | None = None
    default: Value | None = None

    def begin() -> None:
        nonlocal key, default
        key, default = others()

    made, _ = taken(e, spot.at("taken"), node, begin)
    best, best_key = e.temporary(spot, "best"), e.temporary(spot, "best key")
    some = code.slot("i1")
    code.store("i1", "false", some)

    def look(item: Value) -> None:
        item_key = key(e, item) if key else item
        is_better, on = code.block("better"), code.block("worse")
        first, later = code.block("first"), code.block("later")
        code.go_if(code.load("i1", some), later, first)
        code.place(later)
        e.settle(best_key)
        kept = Value(
            best_key.type,
            tuple(
                code.load(machine, slot)
                for machine, slot in zip(best_key.type.machine, best_key.slots, strict=True)
            ),
        )
        better = compare(e, spot.at("compare"), "Gt" if is_max else "Lt", item_key, kept)
        code.go_if(better, is_better, on)
        code.place(first)
        code.store("i1", "true", some)
        code.go(is_better)
        code.place(is_better)
        e.store(best, item)
        e.store(best_key, item_key)
        code.go(on)
        code.place(on)

    close_loops(e, [loop(e, spot, ListItems(e, made), look, fuel=0)])
    return _found(e, code.load("i1", some), best, default)


def _found(e: Emitter, some: str, best: Variable, default: Value | None) -> Value:
    if default is None:
        e.fault_unless(some, "ValueError")
    else:
        none, found = e.code.block("none"), e.code.block("found")
        e.code.go_if(some, found, none)
        e.code.place(none)
        e.store(best, default)
        e.code.go(found)
        e.code.place(found)
    if e.bound is not None:
        e.bound.add(id(best))
    return e.load(best)


def in_order(e: Emitter, spot: Spot, made: Value, key: Key | None, is_reversed: bool) -> Value:
    """Sort a list in place, with insertions: equal items stay in order, few are near as a rule.

    A key that is NaN is a ValueError: no order could be told of it.
    """
    keys = made
    if key is not None:
        keys = lists.new_site(e, spot.at("keys"), 0)

        def add(item: Value) -> None:
            lists.append(e, spot.at("keys"), keys, key(e, item))

        close_loops(e, [loop(e, spot.at("keying"), ListItems(e, made), add, fuel=0)])
    _refuse_nan(e, spot, keys)
    _insert_all(e, spot, made, keys, is_reversed)
    return made


def _refuse_nan(e: Emitter, spot: Spot, keys: Value) -> None:
    def look(key: Value) -> None:
        parts = items_of(key) if isinstance(key.type, TupleType) else [key]
        for each in parts:
            if mask_of(each) == FLOAT:
                e.fault_if(e.code.emit(f"fcmp uno double {each.parts[0]}, 0.0"), "ValueError")
            elif mask_of(each) & FLOAT:
                raise e.refuse("an order of ints and floats together")

    close_loops(e, [loop(e, spot.at("nan"), ListItems(e, keys), look, fuel=0)])


def _insert_all(e: Emitter, spot: Spot, made: Value, keys: Value, is_reversed: bool) -> None:
    code = e.code
    place, hole = code.slot("i64"), code.slot("i64")
    count = code.load("i64", made.parts[0])
    code.store("i64", "1", place)
    blocks = [code.block(hint) for hint in ("sort", "insert", "look", "compare", "shift", "put")]
    head, insert, look, judge, shift, put = blocks
    behind = code.block("sorted")
    code.go(head)
    code.place(head)
    k = code.load("i64", place)
    code.go_if(code.emit(f"icmp slt i64 {k}, {count}"), insert, behind)
    code.place(insert)
    item, key = lists.read(e, made, k), lists.read(e, keys, k)
    code.store("i64", k, hole)
    code.go(look)
    code.place(look)
    at = code.load("i64", hole)
    code.go_if(code.emit(f"icmp sgt i64 {at}, 0"), judge, put)
    code.place(judge)
    before = code.emit(f"sub i64 {at}, 1")
    other = lists.read(e, keys, before)
    later = compare(e, spot.at("order"), "Gt" if is_reversed else "Lt", key, other)
    code.go_if(later, shift, put)
    code.place(shift)
    lists.write(e, made, at, lists.read(e, made, before))
    if keys is not made:
        lists.write(e, keys, at, other)
    code.store("i64", before, hole)
    code.go(look)
    code.place(put)
    free = code.load("i64", hole)
    lists.write(e, made, free, item)
    if keys is not made:
        lists.write(e, keys, free, key)
    code.store("i64", code.emit(f"add i64 {k}, 1"), place)
    code.go(head)
    code.place(behind)
