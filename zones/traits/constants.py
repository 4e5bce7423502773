"""Numbers that a source sets once: names of its module, attributes of its trait.

Owns: finding them, for `proofs.py`. What is set in a second place, in whatever scope or of whatever
object, is none.
"""

import ast
from collections import Counter

from zones.traits.names import TRAIT
from zones.traits.proofs import FLOAT, INT, UNKNOWN
from zones.traits.tree_tools import names_bound_by


def constants_of(tree: ast.Module) -> dict[str, str]:
    """Return the kinds of names that the module binds once, to a literal number."""
    times = Counter(name for node in ast.walk(tree) for name in names_bound_by(node))
    return {name: kind for name, kind in _literal_numbers(tree.body).items() if times[name] == 1}


def attributes_of(tree: ast.Module) -> dict[str, str]:
    """Return the kinds of attributes that the trait sets once: in its body, or in __init__."""
    trait = _trait(tree)
    if trait is None:
        return {}
    stored = Counter(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    )
    bound = Counter(name for node in ast.walk(trait) for name in names_bound_by(node))
    found = {
        name: kind
        for name, kind in _literal_numbers(trait.body).items()
        if bound[name] == 1 and not stored[name]
    }
    for method in trait.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            for statement in method.body:
                match statement:
                    case ast.Assign(targets=[ast.Attribute(attr=name)], value=value):
                        if stored[name] == 1 and not bound[name] and _kind(value):
                            found[name] = _kind(value)
    return found


def owners_of(tree: ast.Module) -> dict[ast.AST, str]:
    """Return the name of `self` in each method of the trait that is called of the trait alone."""
    trait = _trait(tree)
    if trait is None or trait.decorator_list:
        return {}
    if any(isinstance(node, ast.Name) and node.id == trait.name for node in ast.walk(tree)):
        return {}
    if any(
        isinstance(node, ast.Name) and node.id == method.name
        for method in trait.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(tree)
    ):
        return {}
    if any(isinstance(n, ast.Name) and n.id == "type" for n in ast.walk(tree)) or any(
        isinstance(node, ast.Attribute) and node.attr == "__class__" for node in ast.walk(tree)
    ):
        return {}
    return {
        method: method.args.args[0].arg
        for method in trait.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
        and not method.decorator_list
        and method.args.args
        and not method.args.posonlyargs
    }


def _trait(tree: ast.Module) -> ast.ClassDef | None:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(
            isinstance(base, ast.Name) and base.id == TRAIT for base in node.bases
        ):
            return node
    return None


def _literal_numbers(body: list[ast.stmt]) -> dict[str, str]:
    found = {}
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                kind = _kind(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                kind = _kind(value)
            case _:
                continue
        if kind:
            found[name] = kind
    return found


def _kind(value: ast.expr) -> str:
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub | ast.UAdd):
        value = value.operand
    if isinstance(value, ast.Constant):
        if type(value.value) is float:
            return FLOAT
        if type(value.value) is int:
            return INT
    return UNKNOWN
