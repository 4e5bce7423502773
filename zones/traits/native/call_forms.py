"""Calls as they stand in the source: who is called.

Owns: telling functions of the source, builtins, modules and methods apart. Does not own: what each
gives (`calls.py`, `builtin_calls.py`, `module_calls.py`, `entity.py`, `lists.py`).
"""

import ast
from typing import Final

from zones.traits.call_kinds import is_super
from zones.traits.contract import METHODS
from zones.traits.native import entity, lists, loops, module_calls, searches
from zones.traits.native.builtin_calls import call_builtin, sort_call
from zones.traits.native.calls import Arguments, arguments_of_call, call_function
from zones.traits.native.conversion import constant, items_of, without_none
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.lookups import is_local, owner_of
from zones.traits.native.types import UNKNOWN, FunctionType, ListType, OwnType, TupleType, Value


def write_call(e: Emitter, node: ast.Call, is_awaited: bool = False) -> Value:
    """Write a call."""
    func = node.func
    if isinstance(func, ast.Name):
        builtin = loops.called_builtin(e, node)
        if builtin is not None:
            return call_builtin(e, node, builtin)
        name = func.id
        if not is_local(e, name) and name in e.source.imports:
            module, member = e.source.imports[name]
            return _call_module(e, node, module, member)
    if isinstance(func, ast.Attribute):
        direct = _call_attribute(e, node, func)
        if direct is not None:
            return direct
    callee = e.value(func)
    if callee.type == UNKNOWN:
        return callee
    if not isinstance(callee.type, FunctionType):
        raise e.refuse(f"a call of {callee.type.named()}")
    kind = callee.type
    is_async = isinstance(kind.node, ast.AsyncFunctionDef)
    if is_async != is_awaited:
        raise e.refuse("a coroutine that is not awaited at once")
    given = arguments_of_call(e, node)
    return call_function(e, Spot(node), kind, given)


def _call_module(e: Emitter, node: ast.Call, module: str, name: str) -> Value:
    given = arguments_of_call(e, node)
    values = module_calls.placed(e, module, name, given.by_place, given.by_name)
    return module_calls.call_module(e, Spot(node), module, name, values)


def _call_attribute(e: Emitter, node: ast.Call, func: ast.Attribute) -> Value | None:
    """Write a call of a method of anything but the trait itself; None for that."""
    name = func.attr
    if isinstance(func.value, ast.Name):
        base = func.value.id
        if base == owner_of(e) or (base == e.source.trait.name and not is_local(e, base)):
            return None
        if not is_local(e, base) and base in e.source.imports:
            return _call_module(e, node, e.source.imports[base][0], name)
    if is_super(func.value) and name == "__init__" and not node.args:
        return constant(e, None)
    holder = e.value(func.value)
    if isinstance(holder.type, OwnType) and name in METHODS:
        given = arguments_of_call(e, node)
        values = _by_names(e, name, given)
        return entity.call(e, Spot(node), name, values)
    if isinstance(holder.type, ListType):
        return _list_method(e, node, holder, name)
    if isinstance(holder.type, TupleType) and name == "index" and len(node.args) == 1:
        made = lists.of_values(e, Spot(node, "tuple"), items_of(holder))
        return searches.index_of(e, Spot(node), made, e.value(node.args[0]))
    if holder.type == UNKNOWN:
        return holder
    raise e.refuse(f"method {name} of {holder.type.named()}")


_PARAMETERS: Final = {
    "move": ("dx", "dy"),
    "eat": ("amount",),
    "nearby_entities": ("radius",),
    "nearby_resources": ("radius",),
}


def _by_names(e: Emitter, name: str, given: Arguments) -> list[Value]:
    values = list(given.by_place)
    for each in _PARAMETERS[name][len(values) :]:
        if each in given.by_name:
            values.append(given.by_name.pop(each))
    if given.by_name:
        raise e.refuse(f"arguments of {name} that do not fit")
    return values


def _list_method(e: Emitter, node: ast.Call, holder: Value, name: str) -> Value:
    spot = Spot(node)
    holder = without_none(e, holder, "AttributeError")
    if holder.type == UNKNOWN:
        return holder
    if name == "sort" and not node.args:
        e.spend(e.code.load("i64", holder.parts[0]))
        named = {each.arg or "": each.value for each in node.keywords}
        if not set(named) <= {"key", "reverse"}:
            raise e.refuse("sort with other names")
        sort_call(e, spot, holder, named)
        return constant(e, None)
    if name in ("pop", "clear") and not node.args and not node.keywords:
        return lists.pop_last(e, holder) if name == "pop" else lists.clear(e, holder)
    if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
        raise e.refuse(f"method {name} of a list")
    item = e.value(node.args[0])
    if name == "append":
        lists.append(e, spot, holder, item)
        return constant(e, None)
    if name == "index":
        return searches.index_of(e, spot, holder, item)
    if name == "count":
        return searches.count_of(e, spot, holder, item)
    raise e.refuse(f"method {name} of a list")
