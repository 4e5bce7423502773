"""Assignments: to names, attributes, items, and to several at once.

Owns: what may be stored where. Does not own: stores to fields of the entity (`entity.py`).
"""

import ast

from zones.traits.native import arithmetic, entity, lists
from zones.traits.native.conversion import int_argument, items_of, without_none
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.types import (
    UNKNOWN,
    FunctionType,
    ListType,
    OwnType,
    Ref,
    TupleType,
    Type,
    Value,
)


def assign(e: Emitter, targets: list[ast.expr], node: ast.expr) -> None:
    """Write an assignment to one target or several."""
    value = e.value(node)
    is_new = isinstance(node, ast.Call | ast.Lambda)
    if e.loops and isinstance(value.type, FunctionType) and not is_new:
        raise e.refuse("a second name for a function, in a loop")
    if e.loops and isinstance(value.type, ListType) and len(targets) > 1:
        raise e.refuse("a second name for a list, in a loop")
    for target in targets:
        store_target(e, target, value)


def _is_shared(kind: Type) -> bool:
    """Tell whether a tuple has a list or function in it."""
    return isinstance(kind, TupleType) and any(
        isinstance(each, ListType | FunctionType) or _is_shared(each) for each in kind.items
    )


def store_target(e: Emitter, target: ast.expr, value: Value) -> None:
    """Write an assignment to a target."""
    match target:
        case ast.Name(name):
            store_name(e, Spot(target), name, value)
        case ast.Attribute(owner, name):
            _store_attribute(e, owner, name, value)
        case ast.Subscript(owner, index):
            _store_item(e, owner, index, value)
        case ast.Tuple(elements) | ast.List(elements):
            _unpack(e, target, elements, value)
        case _:
            raise e.refuse("a target with a star")


def store_name(e: Emitter, spot: Spot, name: str, value: Value) -> None:
    """Bind a name."""
    if value.type == UNKNOWN:
        return
    frame = e.frame
    while name not in frame.names:
        if frame.outer is None:
            raise e.refuse(f"{name} is not a name of the function")
        frame = frame.outer
    if isinstance(value.type, Ref) and value.type.kind == "names":
        raise e.refuse("a name for the traits of an entity")
    if e.loops and _is_shared(value.type):
        raise e.refuse("a tuple with a list or function, in a loop")
    if isinstance(value.type, ListType) and frame is not e.frame:
        raise e.refuse("a list under a nonlocal name")
    if isinstance(value.type, ListType) and e.loops:
        value = lists.owned(e, spot, value)
    if frame is e.frame:
        e.bind(name, spot, value)
    else:
        e.store(e.named(frame, name), value)


def _store_attribute(e: Emitter, owner: ast.expr, name: str, value: Value) -> None:
    if isinstance(owner, ast.Name) and owner.id == e.frame.owner != "":
        _store_self(e, name, value)
        return
    holder = e.value(owner)
    if UNKNOWN in (holder.type, value.type):
        return
    if isinstance(holder.type, OwnType):
        entity.store(e, name, value)
    elif isinstance(holder.type, Ref) and holder.type.kind in ("entity", "resource"):
        e.fault("AttributeError")
    else:
        raise e.refuse(f"setting {name} of {holder.type.named()}")


def _store_self(e: Emitter, name: str, value: Value) -> None:
    if name in e.source.kinds:
        if value.type != UNKNOWN:
            e.store(e.variable(0, name), value)
        return
    if name in e.source.init_constants and e.set_constants is not None:
        e.set_constants.add(name)
        return
    raise e.refuse(f"setting self.{name}")


def _store_item(e: Emitter, owner: ast.expr, index: ast.expr, value: Value) -> None:
    holder = without_none(e, e.value(owner))
    if holder.type == UNKNOWN:
        return
    if not isinstance(holder.type, ListType) or isinstance(index, ast.Slice):
        raise e.refuse(f"setting an item of {holder.type.named()}")
    register = int_argument(e, e.value(index))
    if register is not None and value.type != UNKNOWN:
        lists.write(e, holder, lists.checked_index(e, holder, register), value)


def _unpack(e: Emitter, target: ast.expr, elements: list[ast.expr], value: Value) -> None:
    if any(isinstance(each, ast.Starred) for each in elements):
        raise e.refuse("a target with a star")
    value = without_none(e, value)
    if value.type == UNKNOWN:
        return
    if isinstance(value.type, TupleType):
        items = items_of(value)
        if len(items) != len(elements):
            e.fault("ValueError")
            return
    elif isinstance(value.type, ListType):
        count = lists.length(e, value).parts[0]
        e.fault_unless(e.code.emit(f"icmp eq i64 {count}, {len(elements)}"), "ValueError")
        items = [lists.read(e, value, str(place)) for place in range(len(elements))]
    else:
        raise e.refuse(f"taking {value.type.named()} apart")
    for each, item in zip(elements, items, strict=True):
        store_target(e, each, item)


def augment(e: Emitter, node: ast.AugAssign) -> None:
    """Write `+=` and the like."""
    target, operator = node.target, type(node.op).__name__
    spot = Spot(node)
    if isinstance(target, ast.Subscript):
        _augment_item(e, node, target, operator)
        return
    before = e.value(e.rounds.loaded(target))
    more = e.value(node.value)
    if UNKNOWN in (before.type, more.type):
        return
    if isinstance(before.type, ListType | Ref | TupleType):
        raise e.refuse(f"changing {before.type.named()} in place")
    store_target(e, target, arithmetic.operate(e, spot, operator, before, more))


def _augment_item(e: Emitter, node: ast.AugAssign, target: ast.Subscript, operator: str) -> None:
    holder = without_none(e, e.value(target.value))
    if holder.type == UNKNOWN:
        return
    if not isinstance(holder.type, ListType) or isinstance(target.slice, ast.Slice):
        raise e.refuse(f"changing an item of {holder.type.named()}")
    register = int_argument(e, e.value(target.slice))
    if register is None:
        return
    before = lists.read(e, holder, lists.checked_index(e, holder, register))
    more = e.value(node.value)
    if UNKNOWN in (before.type, more.type):
        return
    made = arithmetic.operate(e, Spot(node), operator, before, more)
    if made.type != UNKNOWN:
        lists.write(e, holder, lists.checked_index(e, holder, register), made)
