"""What a source defines, gathered before it is checked.

Owns: scopes, classes, coroutines, defined attributes and constants by name. Does not own: any
judgement. Pure.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from zones.traits import names
from zones.traits.rules.scopes import CLASS, MODULE, Scope, Scopes


@dataclass(slots=True)
class Facts:
    """A source at a glance.

    Attributes:
        attributes: names of attributes that the source itself defines, somewhere.
        coroutines, plain: names of its async and other functions, methods included.
        classes: its classes by name, the last of a name.
        enums: names of those that are enums.
        constants: names bound once, at the top, to a literal number or text -> that.
    """

    scopes: Scopes
    attributes: set[str] = field(default_factory=set)
    coroutines: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    enums: set[str] = field(default_factory=set)
    constants: dict[str, int | float | str] = field(default_factory=dict)

    def library(self, node: ast.AST, scope: Scope) -> tuple[str, str] | None:
        """Return module and public name that a name or attribute stands for, if it does."""
        if isinstance(node, ast.Name):
            found = scope.resolve(node.id)
            return found.imports.get(node.id) if found else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = self.library(node.value, scope)
            if module is not None and module[1] == "":
                return module[0], node.attr
        return None

    def builtin(self, node: ast.AST, scope: Scope) -> str:
        """Return the builtin that a name stands for, or ""."""
        if isinstance(node, ast.Name) and scope.resolve(node.id) is None:
            return node.id
        return ""

    def own_class(self, node: ast.AST, scope: Scope) -> ast.ClassDef | None:
        """Return the class of the source that a name stands for, if it does."""
        if not isinstance(node, ast.Name):
            return None
        found = scope.resolve(node.id)
        bound = found.bound.get(node.id) if found else None
        return bound if isinstance(bound, ast.ClassDef) else None


def gather(tree: ast.Module, nodes: list[ast.AST]) -> Facts:
    """Return the facts of a source.

    Args:
        nodes: all nodes of the tree.
    """
    facts = Facts(Scopes(tree))
    top = facts.scopes.top
    for node in nodes:
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            facts.attributes.add(node.attr)
        elif isinstance(node, ast.AsyncFunctionDef):
            facts.coroutines.add(node.name)
        elif isinstance(node, ast.FunctionDef):
            facts.plain.add(node.name)
        elif isinstance(node, ast.ClassDef):
            facts.classes[node.name] = node
            around = facts.scopes.of[node].parent or top
            if any(_is_enum(facts, base, around) for base in node.bases):
                facts.enums.add(node.name)
        elif isinstance(node, ast.Call):
            facts.attributes.update(_literal_fields(facts, node))
        elif isinstance(node, ast.Assign):
            _gather_constant(facts, node)
            facts.attributes.update(_slots(node))
    for scope in facts.scopes.of.values():
        if scope.kind == CLASS:
            facts.attributes.update(scope.bound)
    return facts


def _is_enum(facts: Facts, base: ast.expr, around: Scope) -> bool:
    library = facts.library(base, around)
    return library is not None and library[0] == "enum" and library[1] in names.ENUMS


def _literal_fields(facts: Facts, node: ast.Call) -> Iterator[str]:
    """Yield the names that a class factory, or a look for an attribute, is given as literals."""
    word = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    word = node.func.id if isinstance(node.func, ast.Name) else word
    if word == "hasattr" and len(node.args) == 2:
        yield from texts(node.args[1])
    library = facts.library(node.func, facts.scopes.top)
    if library is not None and library[1] in names.FACTORIES | names.ENUMS and len(node.args) > 1:
        for text in texts(node.args[1]):
            yield from text.replace(",", " ").split()


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts among literals within literals."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for each in node.elts:
            yield from texts(each)
    elif isinstance(node, ast.Dict):
        for key in node.keys:
            if key is not None:
                yield from texts(key)


def _slots(node: ast.Assign) -> Iterator[str]:
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id in names.DUNDER_VARIABLES:
            yield from texts(node.value)


def _gather_constant(facts: Facts, node: ast.Assign) -> None:
    top = facts.scopes.top
    for target in node.targets:
        if (
            isinstance(target, ast.Name)
            and top.bound.get(target.id) is target
            and top.counts.get(target.id) == 1
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, int | float | str)
        ):
            facts.constants[target.id] = node.value.value


def constant(facts: Facts, node: ast.AST, scope: Scope) -> int | float | str | None:
    """Return the value of a literal, or of a name that stands for one all along."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return node.value
    if isinstance(node, ast.Name) and node.id in facts.constants:
        found = scope.resolve(node.id)
        if found is not None and found.kind == MODULE:
            return facts.constants[node.id]
    return None
