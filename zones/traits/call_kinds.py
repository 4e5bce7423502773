"""What kinds calls give, while the kinds of a source are being found.

Owns: who is called with what. Does not own: the walk (`inference.py`), what builtin functions make
of their arguments (`kinds.py`).
"""

import ast
from typing import Final, Protocol

from zones.traits import kinds
from zones.traits.kinds import ANY, ITEMS, NOTHING, Kind, item_of, join, list_of
from zones.traits.scopes import (
    Function,
    Names,
    Scope,
    can_fall_through,
    every_argument,
    is_static,
)

_PUTTING_TEXT: Final = "append appendleft insert extend extendleft add update setdefault"
PUTTING: Final = frozenset(_PUTTING_TEXT.split())
"""Methods that put an argument, or what is in it, into a container."""
BY_ITEM: Final = frozenset(("min", "max", "sorted", "filter", "map", "sort"))
"""They call a function with one item at a time."""

_METHOD_KINDS: Final = {
    "move": kinds.IS_NONE,
    "eat": kinds.IS_FLOAT,
    "nearby_entities": list_of(kinds.IS_OTHER),
    "nearby_resources": list_of(kinds.IS_RESOURCE),
}


class Reader(Protocol):
    """Who walks over the source."""

    names: Names

    def value(self, node: ast.expr, scope: Scope) -> Kind:
        """Return the kind of an expression, having read all that is in it."""

    def children(self, node: ast.AST, scope: Scope) -> None:
        """Read all expressions within a node."""


def call_kind(reader: Reader, node: ast.Call, scope: Scope) -> Kind:
    """Return the kind of a call, having read all that is in it."""
    names = reader.names
    match node.func:
        case ast.Lambda() as called:
            return _of_lambda(reader, called, node, scope)
        case ast.Attribute(ast.Name(owner), name) if (
            owner == names.self_name != "" and name in names.methods
        ):
            method = names.methods[name]
            return _enter(reader, (method, names.module), node, scope, not is_static(method))
        case ast.Attribute(ast.Name(owner), name) if (
            owner in names.imports and names.look_up(owner, scope) is None
        ):
            return _library(reader, names.imports[owner][0], name, node, scope)
        case ast.Attribute(value, name):
            return _method(reader, value, name, node, scope)
        case ast.Name(name):
            found = names.function_named(name, scope)
            if found is not None:
                return _enter(reader, found, node, scope, False)
            if names.look_up(name, scope) is None:
                module, member = names.imports.get(name, ("builtins", name))
                return _library(reader, module, member, node, scope)
    reader.children(node, scope)
    return ANY


def _enter(
    reader: Reader, found: tuple[Function, Scope], node: ast.Call, scope: Scope, is_bound: bool
) -> Kind:
    """Bind the arguments of a function of the source, and return what it gives so far."""
    function, above = found
    names = reader.names
    inner = names.scope_of(function, above)
    places = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    places = places[1:] if is_bound else places
    given = [reader.value(each, scope) for each in node.args]
    by_name = [(each.arg, reader.value(each.value, scope)) for each in node.keywords]
    is_plain = (
        not any(isinstance(each, ast.Starred) for each in node.args)
        and all(name for name, _ in by_name)
        and len(given) <= len(places)
        and not function.args.vararg
        and not function.args.kwarg
    )
    if is_plain:
        for name, kind in (*zip(places, given, strict=False), *by_name):
            names.bind(inner, name or "", kind)
    else:
        for each in every_argument(function.args)[1 if is_bound else 0 :]:
            names.bind(inner, each.arg, ANY)
    yields = any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(function))
    if yields or (function.decorator_list and not is_static(function)):
        return ANY
    falls = can_fall_through(function.body)
    return join(inner.result, kinds.IS_NONE if falls else NOTHING)


def _library(reader: Reader, module: str, name: str, node: ast.Call, scope: Scope) -> Kind:
    names = reader.names
    lambdas: list[ast.Lambda] = []
    given: list[Kind] = []
    default: Kind | None = None
    for each in node.args:
        if isinstance(each, ast.Lambda):
            lambdas.append(each)
            continue
        kind = reader.value(each, scope)
        given += [kind, kind] if isinstance(each, ast.Starred) else [kind]
    for keyword in node.keywords:
        if isinstance(keyword.value, ast.Lambda):
            lambdas.append(keyword.value)
        else:
            kind = reader.value(keyword.value, scope)
            default = kind if keyword.arg in ("default", "start") else default
    by_item = module == "builtins" and name in BY_ITEM and len(given) == 1
    for each in lambdas:
        _lambda(reader, each, names.items(given[0]) if by_item else ANY, scope)
    full = tuple(list_of(names.items(each)) if _is_loose(each) else each for each in given)
    if module == "builtins":
        return kinds.of_builtin(name, full, default)
    return kinds.of_library(module, name, full)


def _is_loose(kind: Kind) -> bool:
    """Tell whether it is a container that something may have been put into."""
    return kind.mask == ITEMS and kind.parts is None


def _lambda(reader: Reader, node: ast.Lambda, item: Kind, scope: Scope) -> None:
    """Read a lambda that is called with one item at a time."""
    inner = reader.names.scope_of(node, scope)
    arguments = every_argument(node.args)
    for each in arguments:
        reader.names.bind(inner, each.arg, item if len(arguments) == 1 else ANY)
    reader.value(node.body, inner)


def _of_lambda(reader: Reader, called: ast.Lambda, node: ast.Call, scope: Scope) -> Kind:
    """Return the kind of a lambda that is called where it stands."""
    inner = reader.names.scope_of(called, scope)
    given = [reader.value(each, scope) for each in node.args]
    arguments = [each.arg for each in called.args.args]
    is_plain = len(given) == len(arguments) == len(every_argument(called.args))
    for name, kind in zip(arguments, given, strict=False):
        reader.names.bind(inner, name, kind)
    if not is_plain or node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
        reader.children(node, scope)
        return ANY
    return reader.value(called.body, inner)


def _method(reader: Reader, value: ast.expr, name: str, node: ast.Call, scope: Scope) -> Kind:
    if is_super(value):
        return kinds.IS_NONE if name == "__init__" else ANY
    names = reader.names
    owner = reader.value(value, scope)
    given: list[Kind] = []
    for each in (*node.args, *(keyword.value for keyword in node.keywords)):
        if isinstance(each, ast.Lambda):
            item = names.items(owner) if name in BY_ITEM and owner.mask == ITEMS else ANY
            _lambda(reader, each, item, scope)
        else:
            given.append(reader.value(each, scope))
    if name in PUTTING:
        names.put(join(*given, *map(item_of, given)))
    if owner.mask == kinds.OWN:
        return _METHOD_KINDS.get(name, NOTHING)
    return _of_container(names, name, owner) if owner.mask == ITEMS else ANY


def is_super(value: ast.expr) -> bool:
    """Tell whether it is a call of `super`."""
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "super"
    )


def _of_container(names: Names, name: str, owner: Kind) -> Kind:
    if name in ("pop", "popleft"):
        return names.items(owner)
    if name in ("index", "count"):
        return kinds.IS_INT
    if name == "copy":
        return list_of(names.items(owner))
    return kinds.IS_NONE if name in ("append", "sort", "extend", "insert", "clear") else ANY
