"""Which scope binds a name, as Python resolves it.

Owns: the scopes of a source and what each binds. Does not own: whether a name may be bound or
used (`naming.py`, `expressions.py`). Pure. Follows the reference, "Naming and binding": class
scopes are not seen from functions within them, a comprehension is a scope of its own but for its
first iterable, an assignment expression binds in the function around it.
"""

import ast
from dataclasses import dataclass, field
from typing import Final

from zones.traits.rules.refusing import refuse, shown

MODULE: Final = "module"
CLASS: Final = "class"
FUNCTION: Final = "function"
COMPREHENSION: Final = "comprehension"
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(slots=True, eq=False)
class Scope:
    """One scope.

    Attributes:
        bound: name -> the first node that binds it, imports and declarations left out.
        imports: name -> module and name in it ("" for the module itself).
        declared: name -> "global" or "nonlocal".
        counts: name -> how many nodes bind it.
    """

    kind: str
    node: ast.AST
    parent: "Scope | None"
    bound: dict[str, ast.AST] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def bind(self, name: str, node: ast.AST) -> None:
        """Note that a node binds a name here, or where it was declared to belong."""
        target = self._home(name)
        target.bound.setdefault(name, node)
        target.counts[name] = target.counts.get(name, 0) + 1

    def bind_import(self, name: str, module: str, original: str, node: ast.AST) -> None:
        """Note an import."""
        target = self._home(name)
        if target.imports.setdefault(name, (module, original)) != (module, original):
            raise refuse("rebinding", node, f"{shown(name)} is imported twice: use two names")

    def _home(self, name: str) -> "Scope":
        word = self.declared.get(name)
        if word == "global":
            return self.top
        if word == "nonlocal":
            around = self.parent
            while around is not None and around.kind != MODULE:
                if around.kind == FUNCTION and (name in around.bound or name in around.imports):
                    return around
                around = around.parent
        return self

    @property
    def top(self) -> "Scope":
        """Return the module's scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def resolve(self, name: str) -> "Scope | None":
        """Return the scope that binds a name read here; None: no scope of the source does."""
        scope: Scope | None = self
        innermost = True
        if self.declared.get(name) == "global":
            scope = self.top
        while scope is not None:
            if (innermost or scope.kind != CLASS) and (
                name in scope.bound or name in scope.imports
            ):
                return scope
            innermost = False
            scope = scope.parent
        return None

    def function_around(self) -> "Scope":
        """Return where an assignment expression binds."""
        scope = self
        while scope.kind == COMPREHENSION and scope.parent is not None:
            scope = scope.parent
        return scope


class Scopes(ast.NodeVisitor):
    """All scopes of a tree.

    Attributes:
        of: node of a module, class, function, lambda or comprehension -> its scope.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.of: dict[ast.AST, Scope] = {}
        self.top = self.scope = self._open(MODULE, tree, None)
        for statement in tree.body:
            self.visit(statement)
        for scope in self.of.values():
            for name in scope.imports.keys() & scope.bound.keys():
                raise refuse(
                    "rebinding",
                    scope.bound[name],
                    f"{shown(name)} is imported and bound again: use another name",
                )

    def _open(self, kind: str, node: ast.AST, parent: Scope | None) -> Scope:
        self.of[node] = scope = Scope(kind, node, parent)
        return scope

    def _within(self, kind: str, node: ast.AST, parts: list[ast.AST]) -> None:
        around = self.scope
        self.scope = self._open(kind, node, around)
        if kind == FUNCTION:
            _declare(self.scope, parts)
            arguments: ast.arguments = node.args  # type: ignore[attr-defined]
            for arg in all_arguments(arguments):
                self.scope.bind(arg.arg, arg)
        for part in parts:
            self.visit(part)
        self.scope = around

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope.bind(node.name, node)
        self._outside(node.args)
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._within(FUNCTION, node, list(node.body))

    def _outside(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Bind its arguments in a scope of its own."""
        self._outside(node.args)
        self._within(FUNCTION, node, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Bind its body in a scope of its own."""
        self.scope.bind(node.name, node)
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self._within(CLASS, node, list(node.body))

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        self.visit(node.generators[0].iter)
        parts: list[ast.AST] = []
        for index, each in enumerate(node.generators):
            parts += [each.target, *([each.iter] if index else []), *each.ifs]
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._within(COMPREHENSION, node, [*parts, *values])

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Name(self, node: ast.Name) -> None:
        """Note a store or deletion."""
        if not isinstance(node.ctx, ast.Load):
            self.scope.bind(node.id, node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Bind in the function around it."""
        self.scope.function_around().bind(node.target.id, node.target)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Bind its target; annotations bind nothing."""
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """Bind what is caught."""
        if node.name:
            self.scope.bind(node.name, node)
        self.generic_visit(node)

    def _capture(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.scope.bind(node.name, node)
        self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = _capture

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """Bind the rest."""
        if node.rest:
            self.scope.bind(node.rest, node)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        """Note each module."""
        for alias in node.names:
            self.scope.bind_import(alias.asname or alias.name, alias.name, "", node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Note each name."""
        if node.module == "__future__":
            return
        for alias in node.names:
            self.scope.bind_import(alias.asname or alias.name, node.module or "", alias.name, node)


def _declare(scope: Scope, body: list[ast.AST]) -> None:
    """Note what a function declares global or nonlocal, before what it binds."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            word = "global" if isinstance(node, ast.Global) else "nonlocal"
            for name in node.names:
                scope.declared[name] = word
                if word == "global":
                    scope.top.counts[name] = scope.top.counts.get(name, 0) + 1
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case) and not isinstance(
            node, (*FUNCTIONS, ast.ClassDef)
        ):
            waiting += ast.iter_child_nodes(node)


def all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """Return every parameter of a function."""
    rest = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]
