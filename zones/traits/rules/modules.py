"""What a module holds at its top, and what it imports.

Owns: statements at module level, import statements anywhere. Does not own: what the imported
names may be used for (`validator.py`).
"""

import ast

from zones.traits import names
from zones.traits.contract import MODULES
from zones.traits.rules.facts import Facts
from zones.traits.rules.refusing import refuse, shown

_TOP = "at the top of a module stand classes, functions, imports and constants only"
_EIGHT = ", ".join(MODULES)
_SEED = frozenset(("Random", "SystemRandom", "getstate", "seed", "setstate"))


def check_top(tree: ast.Module) -> None:
    """Refuse statements that only run at load.

    Raises:
        Refusal: rule "module-level".
    """
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Expr) and _is_text(node.value):
            continue
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            raise refuse("module-level", node, _TOP)
        targets: list[ast.expr] = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if not all(
                isinstance(each, ast.Name | ast.Tuple | ast.List | ast.Starred | ast.expr_context)
                for each in ast.walk(target)
            ):
                raise refuse("module-level", node, "a constant is a name, set once")
        _check_dunder(node, targets)


def _check_dunder(node: ast.Assign | ast.AnnAssign, targets: list[ast.expr]) -> None:
    for target in targets:
        if isinstance(target, ast.Name) and target.id in names.DUNDER_MODULE_VARIABLES:
            value = node.value
            parts = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
            if not all(each is not None and _is_text(each) for each in parts):
                raise refuse("dunder", node, f"{shown(target.id)} takes literal text")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def check_import(node: ast.Import | ast.ImportFrom) -> None:
    """Refuse modules and names that a trait has no use for.

    Raises:
        Refusal: rule "import".
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name == names.COLLECTIONS_ABC:
                raise refuse("import", node, "write 'from collections.abc import ...'")
            if alias.name not in MODULES:
                raise _no_module(alias.name, node)
        return
    module = node.module or ""
    if node.level:
        raise refuse("import", node, f"a trait is one file; it may import {_EIGHT}")
    if module == "__future__":
        if any(alias.name not in names.FUTURE_FEATURES or alias.asname for alias in node.names):
            raise refuse("import", node, "of __future__ only annotations may be imported")
        return
    if any(alias.name == names.TRAIT for alias in node.names):
        raise refuse("import", node, "Trait is supplied: leave the import out")
    if module not in names.MODULE_NAMES:
        raise _no_module(module, node)
    for alias in node.names:
        check_public(module, alias.name, node)


def _no_module(module: str, node: ast.AST) -> Exception:
    return refuse("import", node, f"{shown(module)} cannot be imported; {_EIGHT} can")


def check_public(module: str, name: str, node: ast.AST) -> None:
    """Refuse what is no public name of a module.

    Raises:
        Refusal: rule "import" for a star, else "module-name".
    """
    if name == "*":
        raise refuse("import", node, f"name what you need: from {module} import ...")
    if name in names.MODULE_NAMES[module]:
        return
    if module == "random" and name in _SEED:
        raise refuse("module-name", node, "the world seeds random: draw with random.random()")
    raise refuse("module-name", node, f"a trait is not given {shown(f'{module}.{name}')}")


def check_globals(node: ast.Global | ast.Nonlocal, facts: Facts) -> None:
    """Refuse to reach for imported modules and builtins by a declaration.

    Raises:
        Refusal: rule "rebinding".
    """
    for name in node.names:
        known = name in names.BUILTINS or name in names.NAMES_REFUSED
        imported = any(name in scope.imports for scope in facts.scopes.of.values())
        if known or imported:
            raise refuse("rebinding", node, f"{shown(name)} is not yours to bind: use another name")
