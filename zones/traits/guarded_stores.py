"""Guards in the tree, for statements: stores to entities and containers, `match`, deletions.

Owns: how a target that needs a guard is stored to. A plain assignment becomes a call; a target
inside of others (`a.x, b[0] = ...`, loops, `with`) becomes an item of an object whose
`__setitem__` does the same, so that it can stand wherever a target can.
"""

import ast
from collections.abc import Callable
from typing import Any, Final

from zones.traits.contract import FIELDS, METHODS, RESOURCE_FIELDS
from zones.traits.names import EXCEPTIONS
from zones.traits.proofs import UNKNOWN, Proofs
from zones.traits.tree_tools import RefusedTree, assign, call, load

GUARDED_FIELDS: Final = frozenset((*FIELDS, *METHODS, *RESOURCE_FIELDS))
_IN_PLACE: Final = "i"


def _in_place_of(visit: Callable[..., Any]) -> Callable[..., Any]:
    """Give what a statement becomes its line, by which a fault is told."""

    def placed(stores: "Stores", node: ast.stmt) -> Any:
        made = visit(stores, node)
        for each in made if isinstance(made, list) else [made]:
            ast.copy_location(each, node)
        return made

    return placed


class Stores(ast.NodeTransformer):
    """Rewrites statements that store; the expressions are those of `Guarding`."""

    proofs: Proofs
    free: frozenset[str]

    def __init__(self) -> None:
        self.temporaries = 0
        self.no_walrus = False

    def temporary_name(self, number: int) -> str:
        """Return the name of a temporary."""
        return f" t{number}"

    def fresh(self) -> str:
        """Return the name of a new temporary."""
        self.temporaries += 1
        return self.temporary_name(self.temporaries - 1)

    def statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Return a block, rewritten."""
        rewritten: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            rewritten += result if isinstance(result, list) else [result]
        return rewritten

    def raw_operator(self, op: ast.operator, left: str, right: str) -> bool:
        """Tell whether an operator of such operands needs no guard."""
        raise NotImplementedError

    def operator_name(self, op: ast.operator) -> str:
        """Return the name of the guard of an operator."""
        raise NotImplementedError

    def check_attribute(self, node: ast.Attribute) -> None:
        """Refuse what the validator should have refused."""
        raise NotImplementedError

    # Stores.

    @_in_place_of
    def visit_Assign(self, node: ast.Assign) -> Any:
        """Return an assignment, rewritten."""
        value = self.visit(node.value)
        shapes = [shape for target in node.targets if (shape := _shape(target))]
        if shapes and len(node.targets) == 1:
            value = call("spread_to", [value, _constant(shapes[0])])
        if len(node.targets) == 1:
            return self._store(node.targets[0], value)
        name = self.fresh()
        statements: list[ast.stmt] = [assign(name, value)]
        for target in node.targets:
            shape = _shape(target)
            part: ast.expr = load(name)
            if shape:
                part = call("spread_to", [part, _constant(shape)])
            statements += self._store(target, part)
        return statements

    def _store(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """Return statements that store a value; it is evaluated before the target."""
        match target:
            case ast.Attribute(attr=name) if name in GUARDED_FIELDS:
                self.check_attribute(target)
                return self._call_store(f"set_{name}", [target.value], value)
            case ast.Subscript():
                return self._call_store("set_item", [target.value, target.slice], value)
        return [ast.Assign([self.target(target)], value)]

    def _call_store(self, guard: str, places: list[ast.expr], value: ast.expr) -> list[ast.stmt]:
        before: list[ast.stmt] = []
        simple = all(isinstance(one, ast.Name | ast.Constant) for one in places)
        if not simple and not isinstance(value, ast.Name | ast.Constant):
            name = self.fresh()
            before.append(assign(name, value))
            value = load(name)
        visited = [self.visit(_loaded(one)) for one in places]
        return [*before, ast.Expr(call(guard, [*visited, value]))]

    def target(self, target: ast.expr) -> ast.expr:
        """Return a target that can stand anywhere."""
        match target:
            case ast.Attribute(attr=name):
                self.check_attribute(target)
                owner = self.visit(target.value)
                if name in GUARDED_FIELDS:
                    return ast.Subscript(load(f" put_{name}"), owner, ast.Store())
                target.value = owner
            case ast.Subscript():
                places = [self.visit(target.value), self.visit(_loaded(target.slice))]
                pair = ast.Tuple(places, ast.Load())
                return ast.Subscript(load(" put_item"), pair, ast.Store())
            case ast.Starred():
                target.value = self.target(target.value)
            case ast.Tuple() | ast.List():
                target.elts = [self.target(one) for one in target.elts]
        return target

    def loop_target(self, target: ast.expr, iterated: ast.expr) -> tuple[ast.expr, ast.expr]:
        """Return target and iterable of a loop, whose iterable has been rewritten."""
        shape = _shape(target)
        if shape:
            iterated = call("spread_each", [iterated, _constant(shape)])
        return self.target(target), iterated

    @_in_place_of
    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """Return an annotated assignment, rewritten."""
        if not isinstance(node.target, ast.Name):
            if node.value is None:
                return ast.Pass()
            return self._store(node.target, self.visit(node.value))
        node.annotation = ast.Constant(ast.unparse(node.annotation))
        node.value = node.value and self.visit(node.value)
        return node

    @_in_place_of
    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """Return an assignment in place, rewritten."""
        before: list[ast.stmt] = []
        target = node.target
        if isinstance(target, ast.Attribute | ast.Subscript):
            before = self._pin(target)
        read = _loaded(target)
        left = self.proofs.kind(read) if not before else UNKNOWN
        raw = self.raw_operator(node.op, left, self.proofs.kind(node.value))
        value = self.visit(node.value)
        if raw and isinstance(target, ast.Name):
            node.value = value
            return node
        current = self.visit(_loaded(target))
        if raw:
            result: ast.expr = ast.BinOp(current, node.op, value)
        else:
            result = call(_IN_PLACE + self.operator_name(node.op), [current, value])
        return [*before, *self._store(target, result)]

    def _pin(self, target: ast.Attribute | ast.Subscript) -> list[ast.stmt]:
        """Evaluate what a target consists of once, into temporaries."""
        before: list[ast.stmt] = []
        for field in ("value", "slice"):
            part = getattr(target, field, None)
            if part is not None and not isinstance(part, ast.Name | ast.Constant):
                name = self.fresh()
                before.append(assign(name, self.visit(part)))
                setattr(target, field, load(name))
        return before

    @_in_place_of
    def visit_Delete(self, node: ast.Delete) -> Any:
        """Return a deletion, rewritten."""
        statements: list[ast.stmt] = []
        for target in node.targets:
            statements += self._delete(target)
        return statements

    def _delete(self, target: ast.expr) -> list[ast.stmt]:
        match target:
            case ast.Tuple() | ast.List():
                return [one for part in target.elts for one in self._delete(part)]
            case ast.Attribute(attr=name):
                self.check_attribute(target)
                owner = self.visit(target.value)
                if name in GUARDED_FIELDS:
                    return [ast.Expr(call("delete_field", [owner, ast.Constant(name)]))]
                target.value = owner
            case ast.Subscript():
                places = [self.visit(target.value), self.visit(_loaded(target.slice))]
                return [ast.Expr(call("delete_item", places))]
        return [ast.Delete([target])]

    # Blocks.

    def visit_For(self, node: ast.For) -> Any:
        """Return a for loop, rewritten."""
        node.iter = self.visit(node.iter)
        node.target, node.iter = self.loop_target(node.target, node.iter)
        node.body, node.orelse = self.statements(node.body), self.statements(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> Any:
        """Return a while loop, rewritten."""
        node.test = self.visit(node.test)
        node.body, node.orelse = self.statements(node.body), self.statements(node.orelse)
        return node

    def visit_If(self, node: ast.If) -> Any:
        """Return an if, rewritten."""
        node.test = self.visit(node.test)
        node.body, node.orelse = self.statements(node.body), self.statements(node.orelse)
        return node

    def visit_With(self, node: ast.With) -> Any:
        """Return a with, rewritten."""
        for item in node.items:
            shape = _shape(item.optional_vars) if item.optional_vars else ()
            item.context_expr = call("context", [self.visit(item.context_expr), _constant(shape)])
            if item.optional_vars is not None:
                item.optional_vars = self.target(item.optional_vars)
        node.body = self.statements(node.body)
        return node

    def visit_Try(self, node: ast.Try) -> Any:
        """Return a try, rewritten."""
        node.body, node.orelse = self.statements(node.body), self.statements(node.orelse)
        node.finalbody = self.statements(node.finalbody)
        for handler in node.handlers:
            if handler.type is not None and not isinstance(handler.type, ast.Attribute):
                handler.type = self.caught(handler.type)
            handler.body = self.statements(handler.body)
        return node

    def caught(self, kinds: ast.expr) -> ast.expr:
        """Return the classes of a handler: a name may stand for a tuple of tuples of them."""
        plain = isinstance(kinds, ast.Name) and kinds.id in EXCEPTIONS & self.free
        visited: ast.expr = self.visit(kinds)
        return visited if plain else call("classes", [visited])

    def visit_Match(self, node: ast.Match) -> Any:
        """Return a match, rewritten."""
        node.subject = self.visit(node.subject)
        if any(_copies_or_compares(one) for case in node.cases for one in ast.walk(case.pattern)):
            node.subject = call("measured", [node.subject])
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                if isinstance(pattern, ast.MatchMapping):
                    pattern.keys = [self._pattern_key(key) for key in pattern.keys]
            case.guard = case.guard and self.visit(case.guard)
            case.body = self.statements(case.body)
        return node

    def _pattern_key(self, key: ast.expr) -> ast.expr:
        """Return a key of a mapping pattern, which is hashed: an attribute may be anything."""
        if not isinstance(key, ast.Attribute):
            return key
        return ast.Attribute(call("boxed", [self.visit(key)]), "value", ast.Load())

    def visit_Module(self, node: ast.Module) -> Any:
        """Return a module, rewritten."""
        node.body = self.statements(node.body)
        return node


def _shape(target: ast.expr) -> tuple[Any, ...]:
    """Return where a target has stars: place of its own, -1 for none, then the shape of each part.

    () stands for a target without any.
    """
    if isinstance(target, ast.Starred):  # what it takes is a list already
        if any(_shape(target.value)[1:]):
            raise RefusedTree(target.lineno, "a star this deep under a star")
        return ()
    if not isinstance(target, ast.Tuple | ast.List):
        return ()
    stars = [place for place, one in enumerate(target.elts) if isinstance(one, ast.Starred)]
    inner = tuple(_shape(one) for one in target.elts)
    return (stars[0] if stars else -1, *inner) if stars or any(inner) else ()


def _constant(shape: tuple[Any, ...]) -> ast.expr:
    value: Any = shape  # the compiler takes tuples, the stubs of `ast` do not say so
    return ast.Constant(value)


def _loaded(node: Any) -> Any:
    """Return a target as an expression that is read."""
    match node:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        case ast.Attribute(value=value, attr=name):
            return ast.copy_location(ast.Attribute(value, name, ast.Load()), node)
        case ast.Subscript(value=value, slice=index):
            return ast.copy_location(ast.Subscript(value, index, ast.Load()), node)
    return node


def _copies_or_compares(pattern: ast.AST) -> bool:
    """Tell whether a pattern copies a rest, or compares with what is no literal."""
    match pattern:
        case ast.MatchStar():
            return True
        case ast.MatchMapping(rest=str()):
            return True
        case ast.MatchValue(value=value):
            return not isinstance(value, ast.Constant | ast.UnaryOp | ast.BinOp)
    return False
