"""Counters in the tree: fuel, depth, and handlers that let the stop through.

Owns: where a unit of fuel is counted, as `contract.py` says; what `try`, `with` and generators
must not swallow; `async` taken away, since a coroutine of the source is awaited where it is called
and nothing else can be. Does not own: counting (`guards/meter.py`). It comes after `guarding.py`.
"""

import ast
from typing import Any, Final

from zones.traits.call_graph import is_shallow
from zones.traits.contract import RECURSION_MAX
from zones.traits.guards.meter import DEPTH, FUEL
from zones.traits.tree_tools import RefusedTree, call, load

_EATERS: Final = frozenset(
    ["sum", "min", "max", "any", "all", "sorted", "list", "tuple", "set", "frozenset", "dict"]
)
"""They run over a generator at once, so that nobody ever holds it: it needs no wrapper."""


class Metering(ast.NodeTransformer):
    """Rewrites one tree, in place.

    Args:
        tree: as checked, before any rewriting: whether calls can be deep is found there.
        free: builtins that the source binds nowhere.
    """

    def __init__(self, tree: ast.Module, free: frozenset[str]) -> None:
        self.free = free
        self.deep = not is_shallow(tree)
        self.inline = False
        """Whether a walrus here binds the counter itself, which is declared global."""

    def rewrite(self, tree: ast.Module) -> ast.Module:
        """Return the tree, metered."""
        self.visit(tree)
        return tree

    # Functions.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Return a function, rewritten."""
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        """Return a coroutine function, rewritten."""
        plain = ast.FunctionDef(**dict(ast.iter_fields(node)))
        ast.copy_location(plain, node)
        if _yields(node):
            raise RefusedTree(node.lineno, "no asynchronous generator")
        return self._function(plain)

    def _function(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        self._visit_defaults(node.args)
        generates = _yields(node)
        outer, self.inline = self.inline, True
        body = [self.visit(one) for one in node.body]
        self.inline = outer
        declared: list[ast.stmt] = [ast.Global([FUEL, DEPTH])]
        if self.deep and not generates:
            enter = ast.If(_is_too_deep(), [ast.Expr(call("abort", []))], [])
            body = [enter, ast.Try(body, [], [], [_leave()])]
        node.body = [*declared, _count(), *body]
        if generates:
            node.decorator_list.append(load(" generator"))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """Return a lambda, rewritten."""
        self._visit_defaults(node.args)
        outer, self.inline = self.inline, False
        body = self.visit(node.body)
        self.inline = outer
        node.body = ast.IfExp(call("step", []), body, ast.Constant(None))
        if _yields(node):
            raise RefusedTree(node.lineno, "no yield in a lambda")
        return call("deep", [node]) if self.deep else node

    def _visit_defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.visit(one) for one in arguments.defaults]
        arguments.kw_defaults = [one and self.visit(one) for one in arguments.kw_defaults]

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Return a class, rewritten."""
        outer, self.inline = self.inline, False
        self.generic_visit(node)
        self.inline = outer
        return node

    def visit_Await(self, node: ast.Await) -> Any:
        """Return an await: what it waits for, rewritten."""
        return self.visit(node.value)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> Any:
        """Refuse what cannot be run."""
        raise RefusedTree(node.lineno, "no async for")

    def visit_AsyncWith(self, node: ast.AsyncWith) -> Any:
        """Refuse what cannot be run."""
        raise RefusedTree(node.lineno, "no async with")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        """Return an import, rewritten."""
        return ast.copy_location(ast.Pass(), node) if node.module == "__future__" else node

    # Loops.

    def visit_For(self, node: ast.For) -> Any:
        """Return a for loop, rewritten."""
        self.generic_visit(node)
        node.body.insert(0, self._statement())
        return node

    def visit_While(self, node: ast.While) -> Any:
        """Return a while loop, rewritten."""
        self.generic_visit(node)
        node.body.insert(0, self._statement())
        return node

    def _statement(self) -> ast.stmt:
        return _count() if self.inline else ast.Expr(call("step", []))

    def visit_ListComp(self, node: ast.ListComp) -> Any:
        """Return a list comprehension, rewritten."""
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> Any:
        """Return a set comprehension, rewritten."""
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        """Return a dict comprehension, rewritten."""
        return call("bounded", [self._comprehension(node)])

    def visit_Call(self, node: ast.Call) -> Any:
        """Return a call, rewritten."""
        eats = isinstance(node.func, ast.Name) and node.func.id.strip() in _EATERS & self.free
        if eats and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            node.args[0] = self._comprehension(node.args[0])
            node.keywords = [self.visit(keyword) for keyword in node.keywords]
            return node
        self.generic_visit(node)
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        """Return a generator expression, rewritten."""
        return call("generated", [self._comprehension(node)])

    def _comprehension(self, node: Any) -> Any:
        outer, self.inline = self.inline, False  # no walrus where a comprehension gets its items
        for generator in node.generators:
            generator.iter = self.visit(generator.iter)
        self.inline = outer
        for generator in node.generators:
            generator.ifs = [self.visit(one) for one in generator.ifs]
        for field in ("elt", "key", "value"):
            if hasattr(node, field):
                setattr(node, field, self.visit(getattr(node, field)))
        for generator in node.generators:
            count: ast.expr = call("step", [])
            if self.inline:
                count = ast.BoolOp(ast.Or(), [_in_time(), call("stop", [])])
            generator.ifs.insert(0, count)
        return node

    # What must not swallow the stop.

    def visit_Try(self, node: ast.Try) -> Any:
        """Return a try, rewritten."""
        self.generic_visit(node)
        unstoppable = ast.ExceptHandler(call("unstoppable", []), None, [ast.Raise()])
        if node.handlers:
            node.handlers.insert(0, unstoppable)
        if node.finalbody:
            node.finalbody = [ast.If(call("goes_on", []), node.finalbody, [])]
        return node

    def visit_TryStar(self, node: ast.TryStar) -> Any:
        """Refuse what cannot be run."""
        raise RefusedTree(node.lineno, "no except*")

    def visit_Yield(self, node: ast.Yield) -> Any:
        """Return a yield, rewritten."""
        node.value = node.value and self.visit(node.value)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> Any:
        """Return a yield from, rewritten."""
        node.value = call("delegated", [self.visit(node.value)])
        return node


def _count() -> ast.stmt:
    """Return: if (fuel := fuel - 1) < 0: stop()."""
    out = ast.Compare(_less_fuel(), [ast.Lt()], [ast.Constant(0)])
    return ast.If(out, [ast.Expr(call("stop", []))], [])


def _in_time() -> ast.expr:
    return ast.Compare(_less_fuel(), [ast.GtE()], [ast.Constant(0)])


def _less_fuel() -> ast.expr:
    left = ast.BinOp(load(FUEL), ast.Sub(), ast.Constant(1))
    return ast.NamedExpr(ast.Name(FUEL, ast.Store()), left)


def _is_too_deep() -> ast.expr:
    deeper = ast.BinOp(load(DEPTH), ast.Add(), ast.Constant(1))
    depth = ast.NamedExpr(ast.Name(DEPTH, ast.Store()), deeper)
    return ast.Compare(depth, [ast.Gt()], [ast.Constant(RECURSION_MAX)])


def _leave() -> ast.stmt:
    return ast.AugAssign(ast.Name(DEPTH, ast.Store()), ast.Sub(), ast.Constant(1))


def _yields(function: ast.AST) -> bool:
    """Tell whether a function is a generator: yields of inner functions are not its own."""
    pending = list(ast.iter_child_nodes(function))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))
    return False
