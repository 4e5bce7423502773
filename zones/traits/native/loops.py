"""Loops of statements and of expressions: what they go through, comprehensions, their ends.

Owns: which items an expression gives, a loop's fuel, variables and names at its begin and end. Does
not own: the step from item to item (`items.py`), what is done with one.
"""

import ast
from collections.abc import Callable
from typing import Final

from zones.traits.native import lists
from zones.traits.native.calls import Arguments, call_function
from zones.traits.native.conversion import int_argument, items_of, whole, without_none
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Frame, Loop, Spot, both
from zones.traits.native.items import (
    Filtered,
    Items,
    ListItems,
    Mapped,
    Numbered,
    RangeItems,
    Zipped,
)
from zones.traits.native.naming import Naming
from zones.traits.native.types import UNKNOWN, FunctionType, ListType, Ref, TupleType, Value

Comprehension = ast.ListComp | ast.GeneratorExp


_UNROLLED_MAX: Final = 64


def items_of_expression(e: Emitter, node: ast.expr) -> Items:
    """Return the items of what is looped over, which is not a generator expression."""
    called = called_builtin(e, node)
    if called is not None and isinstance(node, ast.Call):
        arguments = node.args
        if called == "range" and 1 <= len(arguments) <= 3 and not node.keywords:
            return _range(e, arguments)
        if called == "enumerate" and arguments:
            return _enumerate(e, node)
        if called == "zip" and arguments and not node.keywords:
            return Zipped([items_of_expression(e, each) for each in arguments])
        if called == "reversed" and len(arguments) == 1:
            return ListItems(e, _as_list(e, arguments[0]), is_reversed=True, fuel=1)
        if called in ("map", "filter") and len(arguments) == 2 and not node.keywords:
            return _called_for_each(e, node, called == "map")
    return ListItems(e, _as_list(e, node))


def _called_for_each(e: Emitter, node: ast.Call, is_map: bool) -> Items:
    function = e.value(node.args[0])
    if not isinstance(function.type, FunctionType):
        raise e.refuse("map or filter with no function of the source")
    kind, spot = function.type, Spot(node)
    inner = items_of_expression(e, node.args[1])

    def call(item: Value) -> Value:
        return call_function(e, spot, kind, Arguments([item]))

    return Mapped(inner, call) if is_map else Filtered(inner, call)


def called_builtin(e: Emitter, node: ast.expr) -> str | None:
    """Return the name of the builtin function that a call is of, None for anything else."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    name = node.func.id
    frame: Frame | None = e.frame
    while frame is not None:
        if name in frame.names:
            return None
        frame = frame.outer
    source = e.source
    known = name in source.functions or name in source.constants or name in source.imports
    return None if known or name in source.classes else name


def _range(e: Emitter, arguments: list[ast.expr]) -> Items:
    values = [e.value(each) for each in arguments]
    numbers = []
    for each in values:
        register = int_argument(e, each)
        if register is None:
            register = "0"
        numbers.append(Value(whole(register).type, (register,), each.literal, each.is_small))
    zero, one = whole("0", True), whole("1", True)
    zero.literal, one.literal = 0, 1
    if len(numbers) == 1:
        return RangeItems(e, zero, numbers[0], one)
    step = numbers[2] if len(numbers) == 3 else one
    if type(step.literal) is not int:
        e.fault_unless(e.code.emit(f"icmp ne i64 {step.parts[0]}, 0"), "ValueError")
    elif step.literal == 0:
        e.fault("ValueError")
        step = one
    return RangeItems(e, numbers[0], numbers[1], step)


def _enumerate(e: Emitter, node: ast.Call) -> Items:
    starts = [*node.args[1:], *(each.value for each in node.keywords if each.arg == "start")]
    if len(starts) > 1 or len(node.args) > 2 or len(node.keywords) > 1:
        raise e.refuse("enumerate of more than one start")
    inner = items_of_expression(e, node.args[0])
    start = whole("0", True)
    if starts:
        value = e.value(starts[0])
        register = int_argument(e, value)
        start = Value(start.type, (register or "0",), value.literal, value.is_small)
    return Numbered(e, inner, start)


def _as_list(e: Emitter, node: ast.expr) -> Value:
    if isinstance(node, ast.ListComp):
        return listed(e, Spot(node), node)
    return list_of_value(e, Spot(node), e.value(node))


def list_of_value(e: Emitter, spot: Spot, value: Value) -> Value:
    """Return a list of the items of a list or tuple; a TypeError for anything else."""
    if value.type == UNKNOWN:
        return lists.of_values(e, spot.at("nothing"), [])
    value = without_none(e, value)
    if isinstance(value.type, ListType):
        return value
    if isinstance(value.type, TupleType):
        if len(value.type.items) > _UNROLLED_MAX:
            raise e.refuse("so long a tuple")
        return lists.of_values(e, spot.at("tuple"), items_of(value))
    if isinstance(value.type, Ref) and value.type.kind not in ("entity", "resource"):
        raise e.refuse("a loop over a text or over names")
    e.fault("TypeError")
    return lists.of_values(e, spot.at("nothing"), [])


def loop(
    e: Emitter, spot: Spot, items: Items, body: Callable[[Value], None], fuel: int = 1
) -> Loop:
    """Write a loop; the block behind it is `Loop.leave`, which is not placed yet.

    What runs when there is no further item is written from here on: a loop's `else`.
    """
    code = e.code
    state = Loop(e.rounds.number(e.frame.number, spot, "loop"), items.times_max)
    state.again, state.leave = code.block("again"), code.block("leave")
    done = code.block("done")
    naming = enter(e, state)
    code.go(state.again)
    code.place(state.again)
    before = None if e.bound is None else set(e.bound)
    item = items.take(e, done)
    if fuel:
        e.spend(str(fuel))
    e.loops.append(state)
    e.looped_over.append(items.sites())
    with e.region() as bound_anew:
        body(item)
    e.looped_over.pop()
    if e.bound is not None:
        code.go(state.again)
    else:
        code.do("unreachable")
    e.loops.pop()
    leave_naming(e, state, naming, bound_anew)
    code.place(done)
    e.bound = before
    return state


def enter(e: Emitter, state: Loop) -> Naming:
    """Begin a loop: what it binds anew is unclear at its begin. Return what was clear before."""
    before = e.frame.naming.copy()
    e.frame.naming.blur(e.rounds.bound_anew.get(state.number, set()))
    return before


def leave_naming(e: Emitter, state: Loop, before: Naming, bound_anew: set[str]) -> None:
    """End a loop: what it has bound anew is unclear behind it."""
    known = e.rounds.bound_anew.setdefault(state.number, set())
    if bound_anew - known:
        known |= bound_anew
        e.rounds.grown = True
    e.frame.naming = before
    e.frame.naming.blur(bound_anew)


def leave_loop(e: Emitter, state: Loop) -> None:
    """Go on behind a loop, whichever way it was left."""
    assert state.leave is not None
    if e.bound is not None:
        e.code.go(state.leave)
    else:
        e.code.do("unreachable")
    e.code.place(state.leave)
    for bound in state.left:
        e.bound = both(e.bound, bound)


def break_out(e: Emitter, state: Loop) -> None:
    """Write `break`."""
    assert state.leave is not None
    e.code.go(state.leave)
    state.left.append(e.bound)
    e.code.start("never")
    e.bound = None


def each_item(
    e: Emitter,
    node: ast.expr,
    per_item: Callable[[Value], None],
    fuel: int = 1,
    before: Callable[[], None] | None = None,
) -> list[Loop]:
    """Write a loop over an expression, generator expressions too; nothing is placed behind it.

    Args:
        before: writes what comes between what is looped over and the first item.

    Returns:
        the loops, outermost first: `close_loops` goes on behind them.
    """
    if isinstance(node, ast.GeneratorExp):
        return _comprehend(e, node, per_item, before)
    items = items_of_expression(e, node)
    if before is not None:
        before()
    return [loop(e, Spot(node), items, per_item, fuel)]


def close_loops(e: Emitter, loops: list[Loop]) -> None:
    """Go on behind loops that `each_item` has written."""
    for state in loops:
        leave_loop(e, state)


def _comprehend(
    e: Emitter,
    node: Comprehension,
    per_item: Callable[[Value], None],
    first: Callable[[], None] | None = None,
) -> list[Loop]:
    """Write the loops of a comprehension; `per_item` is given each value of it."""
    outer = e.frame
    number = e.rounds.number(outer.number, Spot(node), "scope")
    names = {
        each.id
        for generator in node.generators
        for each in ast.walk(generator.target)
        if isinstance(each, ast.Name)
    }
    inner = Frame(number, outer.callee, frozenset(names), outer, outer.owner, outer.result)
    e.frames[number] = inner

    def from_generator(place: int) -> list[Loop]:
        generator = node.generators[place]
        if generator.is_async:
            raise e.refuse("an asynchronous comprehension")

        def with_item(item: Value) -> None:
            before, e.frame = e.frame, inner
            e.store_target(generator.target, item)
            again = e.loops[-1].again
            assert again is not None
            for test in generator.ifs:
                passed = e.code.block("passed")
                e.code.go_if(e.truth(test), passed, again)
                e.code.place(passed)
            if place + 1 < len(node.generators):
                close_loops(e, from_generator(place + 1))
            else:
                per_item(e.value(node.elt))
            e.frame = before

        if place:
            return each_item(e, generator.iter, with_item)
        before, e.frame = e.frame, outer
        made = each_item(e, generator.iter, with_item, before=first)
        e.frame = before
        return made

    return from_generator(0)


def listed(
    e: Emitter,
    spot: Spot,
    node: ast.expr,
    fuel: int = 0,
    before: Callable[[], None] | None = None,
) -> Value:
    """Return a new list of the values of a comprehension.

    Args:
        fuel: for each value, beyond what the comprehension itself uses.
        before: as for `each_item`.
    """
    assert isinstance(node, Comprehension)
    made = lists.new_site(e, spot.at("made"), 0)

    def add(value: Value) -> None:
        if fuel:
            e.spend(str(fuel))
        lists.append(e, spot, made, value)

    close_loops(e, _comprehend(e, node, add, before))
    return made
