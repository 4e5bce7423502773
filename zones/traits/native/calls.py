"""Calls of functions of the source: written in place, each with variables of its own.

Owns: binding arguments, what a call gives, depth. Does not own: builtin functions and modules
(`builtin_calls.py`), statements of the body (`statements.py`).
"""

import ast
from dataclasses import dataclass, field
from typing import Final

from zones.traits.native.code import Block
from zones.traits.native.conversion import constant
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Frame, Spot, both
from zones.traits.native.naming import meet
from zones.traits.native.source import Callee, arguments_of, decorators_of
from zones.traits.native.types import FunctionType, Value

DEPTH_MAX: Final = 16


@dataclass(slots=True)
class Arguments:
    """Values of a call, evaluated in the order of the source."""

    by_place: list[Value] = field(default_factory=list)
    by_name: dict[str, Value] = field(default_factory=dict)


def arguments_of_call(e: Emitter, node: ast.Call) -> Arguments:
    """Write the arguments of a call."""
    given = Arguments()
    for each in node.args:
        if isinstance(each, ast.Starred):
            raise e.refuse("arguments with a star")
        given.by_place.append(e.value(each))
    for keyword in node.keywords:
        if keyword.arg is None:
            raise e.refuse("arguments with two stars")
        given.by_name[keyword.arg] = e.value(keyword.value)
    return given


def function_value(e: Emitter, node: Callee, is_method: bool = False) -> Value:
    """Return a function that is made here."""
    return Value(FunctionType(node, e.frame.number, is_method))


def call_function(e: Emitter, spot: Spot, kind: FunctionType, given: Arguments) -> Value:
    """Write a call of a function, whose arguments have been evaluated."""
    callee = kind.node
    if callee in e.callees:
        raise e.refuse("a function that calls itself")
    if len(e.callees) >= DEPTH_MAX:
        raise e.refuse(f"more than {DEPTH_MAX} calls within each other")
    e.check_size()
    frame = _new_frame(e, spot, kind)
    bound = _matched(e, kind, given)
    e.spend("1")
    before, e.frame = e.frame, frame
    _forget(e, frame)
    for name, value in bound.items():
        e.store(e.named(frame, name), value)
    e.callees.append(callee)
    outer_loops = e.loops
    result = _body(e, spot, callee, frame)
    e.loops = outer_loops
    e.callees.pop()
    e.frame = before
    return result


def _new_frame(e: Emitter, spot: Spot, kind: FunctionType) -> Frame:
    callee = kind.node
    number = e.rounds.number(e.frame.number, spot, "call")
    outer = e.frames.get(kind.frame)
    owner = outer.owner if outer is not None else ""
    if kind.is_method:
        owner = arguments_of(callee)[0]
        outer = None
    frame = Frame(number, callee, e.source.locals_of(callee), outer, owner)
    e.frames[number] = frame
    return frame


def _forget(e: Emitter, frame: Frame) -> None:
    """Let no local name be bound: the call before may have been one of a loop."""
    for name in frame.names:
        variable = e.variable(frame.number, name)
        if e.bound is not None:
            e.bound.discard(id(variable))
        if variable.flagged:
            e.settle(variable)
            e.code.store("i1", "false", variable.flag)


def _matched(e: Emitter, kind: FunctionType, given: Arguments) -> dict[str, Value]:
    """Return the values of the parameters by name."""
    node = kind.node.args
    if node.vararg or node.kwarg:
        raise e.refuse("a function that takes any number of arguments")
    places = arguments_of(kind.node)[1 if kind.is_method else 0 :]
    bound = dict(zip(places, given.by_place, strict=False))
    names = [*places, *(each.arg for each in node.kwonlyargs)]
    positional_only = {each.arg for each in node.posonlyargs}
    for name, value in given.by_name.items():
        if name in bound or name not in names or name in positional_only:
            raise e.refuse("arguments that do not fit")
        bound[name] = value
    if len(given.by_place) > len(places):
        raise e.refuse("arguments that do not fit")
    defaults = dict(zip(reversed(places), reversed(node.defaults), strict=False))
    for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        if default is not None:
            defaults[argument.arg] = default
    for name in names:
        if name not in bound:
            if name not in defaults:
                raise e.refuse("arguments that do not fit")
            bound[name] = _default(e, kind, defaults[name])
    return {name: bound[name] for name in names}


def _default(e: Emitter, kind: FunctionType, node: ast.expr) -> Value:
    """Return a default, which Python works out where the function is defined."""
    if isinstance(node, ast.Constant | ast.UnaryOp) or kind.frame == 0:
        before, e.frame = e.frame, Frame(0, None, frozenset(), is_class=kind.is_method)
        value = e.value(node)
        e.frame = before
        return value
    raise e.refuse("a default that is no literal")


def _body(e: Emitter, spot: Spot, callee: Callee, frame: Frame) -> Value:
    if isinstance(callee, ast.Lambda):
        return e.value(callee.body)
    if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(callee)):
        raise e.refuse(f"{callee.name} is a generator")
    frame.result = e.variable(frame.number, "return")
    frame.leave = e.code.block("return")
    e.run(callee.body)
    if e.bound is not None:
        give_back(e, frame, constant(e, None))
    e.code.do("unreachable")
    return _given_back(e, frame, frame.leave)


def give_back(e: Emitter, frame: Frame, value: Value) -> None:
    """Write `return`."""
    assert frame.result is not None and frame.leave is not None
    e.store(frame.result, value)
    e.code.go(frame.leave)
    frame.left.append(e.bound)
    frame.namings.append(frame.naming.copy())
    e.code.start("never")
    e.bound = None


def _given_back(e: Emitter, frame: Frame, leave: Block) -> Value:
    e.code.place(leave)
    e.bound = None
    for bound in frame.left:
        e.bound = both(e.bound, bound)
    # Functions that were made within go on reading its names, as they are where it was left.
    frame.naming = meet(frame.namings or [frame.naming])
    assert frame.result is not None
    if e.bound is not None:
        e.bound.add(id(frame.result))
    return e.load(frame.result)


def decorated(e: Emitter, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return the one decorator of a method that is known, "" for none."""
    names = decorators_of(node)
    if len(names) > 1 or "?" in names:
        raise e.refuse(f"{node.name} has a decorator")
    return names[0] if names else ""
