"""Functions, classes, comprehensions and imports: what opens a scope or binds from outside.

Owns: in which scope and order their parts are judged. Does not own: the rules of classes,
decorators, annotations and imports, each of which has a file.
"""

import ast
from typing import Any, Final

from zones.traits import names
from zones.traits.rules import classes, decorators, modules, naming
from zones.traits.rules.refusing import refuse, shown
from zones.traits.rules.scopes import CLASS, all_arguments
from zones.traits.rules.walk import Walk

COMPREHENSION_FORS_MAX: Final = 8


def function_def(walk: Walk, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Judge a function: its name, decorators, defaults, annotations, body."""
    if not (walk.scope.kind == CLASS and naming.is_dunder(node.name)):
        walk.bind(node.name, node)
    decorators.check_decorators(node, walk.facts, walk.scope, is_trait=False)
    walk.visit_all(node.decorator_list)
    if node.returns is not None:
        walk.annotations.check(node.returns, walk.scope)
    _within(walk, node, node.args, node.body)


def lambda_(walk: Walk, node: ast.Lambda) -> None:
    """Judge a lambda."""
    _within(walk, node, node.args, [node.body])


def _within(walk: Walk, node: ast.AST, arguments: ast.arguments, body: list[Any]) -> None:
    walk.visit_all([*arguments.defaults, *arguments.kw_defaults])
    for arg in all_arguments(arguments):
        if arg.annotation is not None:
            starred = isinstance(arg.annotation, ast.Starred)
            note = arg.annotation.value if starred else arg.annotation  # type: ignore[attr-defined]
            walk.annotations.check(note, walk.scope)
    before = walk.scope, walk.function
    walk.scope, walk.function = walk.facts.scopes.of[node], node
    for arg in all_arguments(arguments):
        walk.bind(arg.arg, arg)
    walk.visit_all(body)
    walk.scope, walk.function = before


def class_def(walk: Walk, node: ast.ClassDef) -> None:
    """Judge a class."""
    walk.bind(node.name, node)
    classes.check_class(node, walk.facts, walk.scope)
    is_trait = any(walk.facts.builtin(base, walk.scope) == names.TRAIT for base in node.bases)
    decorators.check_decorators(node, walk.facts, walk.scope, is_trait)
    walk.visit_all([*node.decorator_list, *node.bases, *node.keywords])
    before = walk.scope, walk.classes, walk.members, walk.function
    walk.scope = walk.facts.scopes.of[node]
    walk.classes = (*walk.classes, node.name)
    walk.members = {each.name for each in node.body if isinstance(each, ast.AsyncFunctionDef)}
    walk.function = None
    for statement in node.body:
        if not classes.is_alias(statement, node):
            walk.visit(statement)
    walk.scope, walk.classes, walk.members, walk.function = before


def comprehension_(walk: Walk, node: Any) -> None:
    """Judge a comprehension: its first iterable outside, the rest in a scope of its own."""
    first = node.generators[0]
    if len(node.generators) > COMPREHENSION_FORS_MAX:
        raise refuse("depth", node, f"a comprehension has {COMPREHENSION_FORS_MAX} fors at most")
    walk.visit(first.iter)
    before, walk.scope = walk.scope, walk.facts.scopes.of[node]
    for index, each in enumerate(node.generators):
        if each.is_async:
            raise refuse("async", node, "write a plain for: a trait waits for nothing")
        walk.visit_all([each.target, *([each.iter] if index else []), *each.ifs])
    values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    walk.visit_all(values)
    walk.scope = before


def import_(walk: Walk, node: ast.Import | ast.ImportFrom) -> None:
    """Judge the names that an import binds."""
    if walk.scope.kind == CLASS:
        raise refuse("import", node, "imports stand at the top of the module")
    for alias in node.names:
        name = alias.asname or alias.name
        if naming.is_dunder(name) or naming.is_private(name):
            raise refuse("dunder", node, f"{shown(name)} cannot be bound by an import")
        if isinstance(node, ast.Import) or name in names.NEVER_BOUND | {names.TRAIT}:
            walk.bind(name, node)
        naming.check_reserved(name, node)


def declaration(walk: Walk, node: ast.Global | ast.Nonlocal) -> None:
    """Judge global and nonlocal."""
    modules.check_globals(node, walk.facts)
    for name in node.names:
        walk.bind(name, node)
