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
    return {name for node in ast.walk(tree) for name in names_bound_by(node)}


def names_bound_by(node: ast.AST) -> list[str]:
    """Return the names that a node itself binds, without those below it."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
            return [name]
        case ast.alias(name=name, asname=other):
            return [other or name.split(".")[0]]
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)):
            return [name]
        case ast.Global(names=several) | ast.Nonlocal(names=several):
            return several
    return []


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
        elif isinstance(node, ast.ImportFrom):
            others.update(alias.asname or alias.name for alias in node.names)
        elif not isinstance(node, ast.alias):
            others.update(names_bound_by(node))
    for name, modules in imported.items():
        if len(set(modules)) == 1 and name not in others and modules[0] in MODULES:
            free.add(f"import {name}")
            if name == modules[0]:
                free.add(name)
    return frozenset(free)
