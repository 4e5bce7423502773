"""Small pieces for whoever rewrites trees, and what a tree binds.

Owns: making nodes, finding the names that a source binds. Pure.
"""

import ast
import builtins
from collections.abc import Sequence
from typing import Final

from Kernel.contract.errors import MoltError
from zones.traits.contract import MODULES
from zones.traits.names import BUILTINS

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class RefusedTree(MoltError):
    """A tree has what the interpreted tier cannot run; the validator refuses it, or should."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"cannot run line {line}: {why}")


def load(name: str) -> ast.Name:
    """Return a name that is read."""
    return ast.Name(name, ast.Load())


def call(guard: str, arguments: Sequence[ast.expr]) -> ast.Call:
    """Return a call of a guard."""
    return ast.Call(load(" " + guard), list(arguments), [])


def assign(name: str, value: ast.expr) -> ast.Assign:
    """Return a statement that binds a name."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def bound_names(tree: ast.AST) -> set[str]:
    """Return all names that a tree binds, in whatever scope."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.split(".")[0])
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.MatchMapping(rest=str(name)):
                names.add(name)
            case ast.Global(names=several) | ast.Nonlocal(names=several):
                names.update(several)
    return names


def free_names(tree: ast.Module, bound: set[str]) -> frozenset[str]:
    """Return builtins that nothing hides, and modules that one import alone binds.

    A module is there twice, as its name and as "import " before the name that it is bound to.
    """
    assert not any(name.startswith(" ") for name in vars(builtins))
    free = set(BUILTINS) - bound
    imported: dict[str, list[str]] = {}
    others: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported.setdefault(alias.asname or alias.name, []).append(alias.name)
        elif not isinstance(node, ast.alias):
            others |= _bound_here(node)
    for name, modules in imported.items():
        if len(set(modules)) == 1 and name not in others and modules[0] in MODULES:
            free.add(f"import {name}")
            if name == modules[0]:
                free.add(name)
    return frozenset(free)


def _bound_here(node: ast.AST) -> set[str]:
    """Return the names that a node itself binds."""
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    alone = type(node)(**{f: v for f, v in ast.iter_fields(node) if not _holds_nodes(v)})
    return bound_names(alone)


def _holds_nodes(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(one, ast.AST) for one in value)
    return isinstance(value, ast.AST) and not isinstance(value, ast.expr_context)
