"""Whether a source can call itself deeply: what cannot needs no count of its depth.

Owns: a careful answer from names alone: every name or attribute in a function that is also the
name of a function counts as a call of it; what may be called without its name must call nothing.
"""

import ast
from typing import Final

from zones.traits.tree_tools import bound_names
from zones.traits.word_lists import words

_FUNCTIONS_MAX: Final = 60
_CALLED_BY_WORLD: Final = frozenset({"execute"})
_BUILT: Final = frozenset({"__init__", "__post_init__"})
_LEAVES: Final = frozenset(words("abs bool chr divmod float int len max min ord range round str"))
"""Builtins that call nothing of the source if their arguments are numbers, which operators and
`__init__` alone cannot change: sources with other dunders are never shallow."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def is_shallow(tree: ast.Module) -> bool:
    """Tell whether functions of a source surely cannot be nested beyond RECURSION_MAX."""
    functions = [node for node in ast.walk(tree) if isinstance(node, _Function)]
    names = {f.name for f in functions if not isinstance(f, ast.Lambda)}
    if len(functions) > _FUNCTIONS_MAX or any(_is_dunder(name) for name in names - _BUILT):
        return False
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    bound = bound_names(tree) | names
    values = _named_as_values(tree, names | classes, called)
    for function in functions:
        loose = isinstance(function, ast.Lambda) or function.name in values
        loose = loose or (not isinstance(function, ast.Lambda) and bool(function.decorator_list))
        if loose and not _is_leaf(function, bound):
            return False
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function)):
            return False
    if values & classes and names & _BUILT:
        return False
    edges: dict[str, set[str]] = {name: set() for name in names}
    for function in functions:
        if not isinstance(function, ast.Lambda):
            edges[function.name] |= _mentioned(function, names, classes)
    return not _has_circle(edges)


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _named_as_values(tree: ast.Module, names: set[str], called: set[int]) -> set[str]:
    """Return names of functions and classes that are used in another way than called."""
    values = set()
    for node in ast.walk(tree):
        if id(node) in called:
            continue
        if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load):
            values.add(node.id)
        if isinstance(node, ast.Attribute) and node.attr in names:
            values.add(node.attr)
    return values - _CALLED_BY_WORLD


def _is_leaf(function: _Function, bound: set[str]) -> bool:
    """Tell whether a function calls nothing that could call the source."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in _LEAVES - bound and not node.keywords:
                continue
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name not in bound:
                continue
        return False
    return True


def _mentioned(function: ast.AST, names: set[str], classes: set[str]) -> set[str]:
    mentioned: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Attribute(
                value=ast.Call(func=ast.Name(id="super"), args=[]), attr="__init__"
            ) if not classes - {"Trait"} or len(classes) == 1:
                continue
            case ast.Attribute(attr=name) if name in names:
                mentioned.add(name)
            case ast.Name(id=name):
                if name in names:
                    mentioned.add(name)
                if name in classes:
                    mentioned |= _BUILT & names
    return mentioned


def _has_circle(edges: dict[str, set[str]]) -> bool:
    done: set[str] = set()
    open_: set[str] = set()

    def visit(name: str) -> bool:
        if name in done:
            return False
        if name in open_:
            return True
        open_.add(name)
        if any(visit(other) for other in edges[name]):
            return True
        done.add(name)
        return False

    return any(visit(name) for name in edges)
