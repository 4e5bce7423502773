"""Guards in the tree: operators, subscripts, methods and stores become calls of `guards/`.

Owns: which node of a checked tree is replaced by a call, and which may stay because its operands
are surely numbers (`proofs.py`). Does not own: what is called (`guards/`, `entity_view.py`), the
counters (`metering.py`). The names of what is called begin with a space: no source can bind them.
"""

import ast
from collections.abc import Callable
from typing import Any, Final, NoReturn

from zones.traits.constants import attributes_of, constants_of, owners_of
from zones.traits.guarded_displays import Displays
from zones.traits.names import DUNDERS_DEFINED, DUNDERS_OF_SUPER, DUNDERS_READ, RESERVED_PREFIX
from zones.traits.proofs import FLOAT, INT, NUMBER, NUMBERS, PLAIN, Proofs
from zones.traits.tree_tools import (
    RefusedTree,
    bound_names,
    call,
    free_names,
    load,
)

_OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitAnd: "bit_and",
    ast.BitOr: "bit_or",
    ast.BitXor: "bit_xor",
}
_COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "equal",
    ast.NotEq: "unequal",
    ast.Lt: "less",
    ast.LtE: "less_or_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_or_equal",
    ast.In: "contains",
    ast.NotIn: "lacks",
}
_RAW_WITH_A_FLOAT: Final = ast.Add | ast.Sub | ast.Mult | ast.Div
"""With a float on one side C code does at most one float operation."""
_RAW_OF_INTS: Final = ast.BitAnd | ast.BitOr | ast.BitXor
_DUNDERS_READ: Final = DUNDERS_READ | {"__init__", "__post_init__", "__class__"}
_RAW_OF_NUMBERS: Final = {"min": 2, "max": 2, "abs": 1}
"""Builtins that are called as they are with so many numbers."""
_INT_LITERAL_MAX: Final = (1 << 63) - 1


class Guarding(Displays):
    """Rewrites one tree, in place.

    Args:
        methods: names of attributes that builtin types have methods of.
        quick: builtin types whose direct call goes to a function.
        numbers: attributes of the trait that surely hold numbers.
    """

    def __init__(
        self,
        tree: ast.Module,
        methods: frozenset[str],
        quick: frozenset[str],
        numbers: frozenset[str],
    ) -> None:
        super().__init__()
        self.tree = tree
        self.methods = methods
        self.quick = quick
        self.bound = bound_names(tree)
        self.free = free_names(tree, self.bound)
        self.entity_of: dict[ast.AST, str] = _own_entities(tree)
        self.constants = constants_of(tree)
        self.kept = dict.fromkeys(numbers, NUMBER) | attributes_of(tree)
        self.owners = owners_of(tree)
        self.proofs = Proofs(tree, "", self.free, frozenset(self.bound))

    def rewrite(self) -> ast.Module:
        """Return the tree, guarded."""
        self.visit(self.tree)
        return self.tree

    def refuse(self, node: ast.AST, why: str) -> NoReturn:
        """Raise what says that a tree cannot be run."""
        raise RefusedTree(getattr(node, "lineno", 0), why)

    # Scopes.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Return a function, rewritten."""
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        """Return a coroutine function, rewritten."""
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        self._defaults(node.args)
        node.returns = None
        self._in_scope(node, self._visit_body)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """Return a lambda, rewritten."""
        self._defaults(node.args)
        self._in_scope(node, self._visit_lambda_body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Return a class, rewritten."""
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.bases = [self.visit(one) for one in node.bases]
        if any(keyword.arg == "metaclass" or keyword.arg is None for keyword in node.keywords):
            self.refuse(node, "no metaclasses")
        node.keywords = [self.visit(one) for one in node.keywords]
        self._in_scope(node, self._visit_body)
        return node

    def _in_scope(self, node: Any, visit: Callable[[Any], None]) -> None:
        outer = self.proofs
        self.proofs = Proofs(
            node,
            self.entity_of.get(node, ""),
            self.free,
            frozenset(self.bound),
            self.constants,
            self.kept,
            self.owners.get(node, ""),
        )
        self.scopes.append(node)
        visit(node)
        self.scopes.pop()
        self.proofs = outer

    def _visit_body(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        node.body = self.statements(node.body)
        if isinstance(node, ast.ClassDef):
            made = {
                target.id
                for statement in node.body
                if isinstance(statement, ast.Assign)
                for target in statement.targets
                if isinstance(target, ast.Name) and target.id.startswith(" ")
            }
            targets: list[ast.expr] = [ast.Name(name, ast.Del()) for name in sorted(made)]
            node.body += [ast.Delete(targets)] if targets else []

    def _visit_lambda_body(self, node: ast.Lambda) -> None:
        node.body = self.visit(node.body)

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.visit(one) for one in arguments.defaults]
        arguments.kw_defaults = [one and self.visit(one) for one in arguments.kw_defaults]
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for one in (*every, arguments.vararg, arguments.kwarg):
            if one is not None:
                one.annotation = None

    # Expressions.

    def visit_Constant(self, node: ast.Constant) -> Any:
        """Return a literal, rewritten."""
        if isinstance(node.value, int) and node.value > _INT_LITERAL_MAX:
            return call("overflow", [])
        if isinstance(node.value, bytes | complex):
            self.refuse(node, "no bytes and no complex numbers")
        return node

    def visit_Name(self, node: ast.Name) -> Any:
        """Return a name, rewritten."""
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        """Return an operator, rewritten."""
        raw = self.raw_operator(node.op, self.proofs.kind(node.left), self.proofs.kind(node.right))
        node.left, node.right = self.visit(node.left), self.visit(node.right)
        return node if raw else call(_OPERATORS[type(node.op)], [node.left, node.right])

    def raw_operator(self, op: ast.operator, left: str, right: str) -> bool:
        """Tell whether an operator of such operands needs no guard."""
        if FLOAT in (left, right) and isinstance(op, _RAW_WITH_A_FLOAT):
            return True
        return left == INT == right and isinstance(op, _RAW_OF_INTS)

    def operator_name(self, op: ast.operator) -> str:
        """Return the name of the guard of an operator."""
        return _OPERATORS[type(op)]

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        """Return a sign, rewritten."""
        operand = node.operand
        if isinstance(node.op, ast.USub):
            if isinstance(operand, ast.Constant) and type(operand.value) in (int, float):
                if operand.value == _INT_LITERAL_MAX + 1:
                    return ast.Constant(-(1 << 63))
                node.operand = self.visit(operand)
                return node
            raw = self.proofs.kind(operand) == FLOAT
            node.operand = self.visit(operand)
            return node if raw else call("neg", [node.operand])
        node.operand = self.visit(operand)
        return node

    def visit_Compare(self, node: ast.Compare) -> Any:
        """Return a comparison, rewritten."""
        sides = [node.left, *node.comparators]
        raw = [
            self._raw_comparison(op, sides[place], sides[place + 1])
            for place, op in enumerate(node.ops)
        ]
        sides = [self.visit(side) for side in sides]
        if all(raw):
            node.left, node.comparators = sides[0], sides[1:]
            return node
        if len(node.ops) == 1:
            return self._comparison(node.ops[0], sides[0], sides[1], raw[0])
        return self._chain(node.ops, sides, raw)

    def _raw_comparison(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> bool:
        if isinstance(op, ast.Is | ast.IsNot):
            return True
        if isinstance(op, ast.In | ast.NotIn):
            return isinstance(right, ast.Tuple | ast.List) and all(
                self.proofs.kind(one) in PLAIN and isinstance(one, ast.Constant)
                for one in right.elts
            )
        return self.proofs.kind(left) in PLAIN or self.proofs.kind(right) in PLAIN

    def _comparison(self, op: ast.cmpop, left: ast.expr, right: ast.expr, raw: bool) -> ast.expr:
        if raw:
            return ast.Compare(left, [op], [right])
        return call(_COMPARISONS[type(op)], [left, right])

    def _chain(self, ops: list[ast.cmpop], sides: list[ast.expr], raw: list[bool]) -> ast.expr:
        """Return a comparison of several, each side evaluated once and no more than needed."""
        parts: list[ast.expr] = []
        left = sides[0]
        for place, op in enumerate(ops):
            right = again = sides[place + 1]
            if place + 1 < len(ops) and not isinstance(right, ast.Name | ast.Constant):
                name = self.fresh()
                if self.no_walrus:
                    self.refuse(op, "a chain of comparisons is too involved here")
                right = ast.NamedExpr(ast.Name(name, ast.Store()), right)
                again = load(name)
            parts.append(self._comparison(op, left, right, raw[place]))
            left = again
        return ast.BoolOp(ast.And(), parts)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """Return an attribute that is read, rewritten."""
        name = node.attr
        self.check_attribute(node)
        node.value = self.visit(node.value)
        if name == "__class__":
            return call("type_of", [node.value])
        if name in DUNDERS_OF_SUPER and _is_super(node.value):
            return call("of_super", [node.value, ast.Constant(name)])
        if name in self.methods and not self._is_module(node.value):
            return call("bound", [node.value, ast.Constant(name)])
        return node

    def check_attribute(self, node: ast.Attribute) -> None:
        """Refuse what the validator should have refused: it may be wrong."""
        name = node.attr
        unknown = name.startswith("__") and name.endswith("__") and name not in _DUNDERS_READ
        if unknown and name in DUNDERS_DEFINED:
            unknown = not _is_super(node.value)
        if unknown or RESERVED_PREFIX in name or name[:3] in _FRAMES:
            self.refuse(node, f"no attribute {name!r}")

    def _is_module(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and f"import {node.id}" in self.free

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """Return a subscript that is read, rewritten."""
        raw = self.proofs.kind(node.slice) in NUMBERS or (
            isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str | int)
        )
        node.value, node.slice = self.visit(node.value), self.visit(node.slice)
        return node if raw else call("get_item", [node.value, node.slice])

    def visit_Slice(self, node: ast.Slice) -> Any:
        """Return a slice, rewritten."""
        parts = [one or ast.Constant(None) for one in (node.lower, node.upper, node.step)]
        return call("slice", [self.visit(one) for one in parts])

    def visit_Call(self, node: ast.Call) -> Any:
        """Return a call, rewritten."""
        func = node.func
        kinds = [self.proofs.kind(one) for one in node.args]
        numbers = not node.keywords and _RAW_OF_NUMBERS.get(_name_of(func), 0) <= len(kinds)
        numbers = numbers and all(kind in (FLOAT, INT, NUMBER) for kind in kinds)
        if _name_of(func) == "abs":
            numbers = numbers and kinds == [FLOAT]
        node.args = [self.visit(one) for one in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
            if keyword.arg is None:
                keyword.value = call("spread_names", [keyword.value])
        if isinstance(func, ast.Name) and func.id in self.free:
            if func.id in self.quick:
                node.func = load(" " + func.id)
            elif func.id in _RAW_OF_NUMBERS and numbers:
                node.func = load(" raw " + func.id)
            return node
        plain = not node.keywords and len(node.args) == 1
        plain = plain and not isinstance(node.args[0], ast.Starred)
        if plain and isinstance(func, ast.Attribute) and func.attr == "append":
            return call("append", [self.visit(func.value), node.args[0]])
        node.func = self.visit(func)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        """Return an f-string, rewritten."""
        return call("joined", [self.visit(part) for part in node.values])

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        """Return one place of an f-string, rewritten."""
        spec = self.visit(node.format_spec) if node.format_spec else ast.Constant("")
        return call("shown", [self.visit(node.value), ast.Constant(node.conversion), spec])


_FRAMES: Final = frozenset({"gi_", "cr_", "ag_", "tb_", "co_", "f_b", "f_c", "f_g", "f_l", "f_t"})


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name_of(node.func) == "super"


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _own_entities(tree: ast.Module) -> dict[ast.AST, str]:
    """Return the name of the own entity in each `execute` that only the world calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "execute":
            return {}
        if isinstance(node, ast.Name) and node.id == "execute":
            return {}
    return {
        node: node.args.args[1].arg
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef)
        and node.name == "execute"
        and not node.decorator_list
        and len(node.args.args) == 2
    }
