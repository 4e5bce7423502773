"""Which expressions of a source are surely numbers, so that they need no guard.

Owns: cheap reasoning about one function at a time, for speed alone: what is not proven is guarded
and gives the same. Does not own: the types of the native tier, which must know all of them.

A local name has a kind if everything that binds it has that kind, in any order; a name that is
shared with another scope has none. Lists of `nearby_*` keep their kind only while they are used in
ways that cannot put anything else into them.
"""

import ast
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from zones.traits.contract import FLOAT_FIELDS, INT_FIELDS, RESOURCE_FIELDS

FLOAT: Final = "float"
INT: Final = "int"
TEXT: Final = "text"
FLAG: Final = "flag"
NUMBER: Final = "float or int"
SELF: Final = "the trait"
OWN: Final = "own entity"
OTHER: Final = "other entity"
RESOURCE: Final = "resource"
OTHERS: Final = "list of entities"
RESOURCES: Final = "list of resources"
UNKNOWN: Final = ""
NUMBERS: Final = frozenset({FLOAT, INT, FLAG, NUMBER})
PLAIN: Final = NUMBERS | {TEXT}
_SEEN: Final = {OTHERS: OTHER, RESOURCES: RESOURCE}
_SEARCHES: Final = {"nearby_entities": OTHERS, "nearby_resources": RESOURCES}
_TEXT_CHARS_MAX: Final = 15
"""A longer literal costs fuel to compare."""
_MATH_INTS: Final = frozenset({"floor", "ceil", "trunc", "factorial", "comb", "perm", "isqrt"})
_MATH_MIXED: Final = frozenset(
    {"gcd", "lcm", "prod", "frexp", "modf", "isfinite", "isinf", "isnan"}
)
_MATH_MIXED_TOO: Final = frozenset({"isclose"})
_DRAWS: Final = frozenset({"random", "uniform", "gauss", "normalvariate", "triangular"})
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Proofs:
    """What is known of the names of one function.

    Args:
        entity: name of the parameter that is surely the own entity, "" for none.
        free: builtin names that the source binds nowhere, and modules bound by one import alone.
        outer: names that the source binds in other scopes: a comprehension may hide one.
        constants: kinds of names that the module binds once, to a number.
        kept: kinds of attributes of the trait.
        owner: name of the parameter that is surely the trait, "" for none.
    """

    def __init__(
        self,
        function: ast.AST,
        entity: str,
        free: frozenset[str],
        outer: frozenset[str],
        constants: Mapping[str, str] = MappingProxyType({}),
        kept: Mapping[str, str] = MappingProxyType({}),
        owner: str = "",
    ) -> None:
        self.free = free
        self.constants = constants
        self.kept = kept
        self.names: dict[str, str] = {}
        self._bindings: dict[str, list[ast.expr | str]] = {}
        self._collect(function, outer)
        for name, kind in ((entity, OWN), (owner, SELF)):
            if self._bindings.get(name) == [UNKNOWN]:
                del self._bindings[name]
                self.names[name] = kind
        self._settle()
        self._drop_lists_that_may_change(function)

    def kind(self, node: ast.expr) -> str:
        """Return the kind of an expression, UNKNOWN if there is no proof."""
        match node:
            case ast.Constant(value=value):
                return _constant(value)
            case ast.Name(id=name):
                if name in self.names or name in self._bindings:
                    return self.names.get(name, UNKNOWN)
                return self.constants.get(name, UNKNOWN)
            case ast.Attribute():
                return self._attribute(node)
            case ast.BinOp():
                return self._operator(node.op, self.kind(node.left), self.kind(node.right))
            case ast.UnaryOp(op=ast.Not()):
                return FLAG
            case ast.UnaryOp(op=op, operand=operand):
                kind = self.kind(operand)
                if kind == FLOAT and not isinstance(op, ast.Invert):
                    return FLOAT
                if kind == NUMBER and not isinstance(op, ast.Invert):
                    return NUMBER
                return INT if kind in (INT, FLAG) else UNKNOWN
            case ast.IfExp(body=body, orelse=orelse):
                return _join(self.kind(body), self.kind(orelse))
            case ast.BoolOp(values=values):
                return self._joined(values)
            case ast.NamedExpr(value=value):
                return self.kind(value)
            case ast.Compare(ops=ops):
                simple = all(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in ops)
                sides = [node.left, *node.comparators]
                numbers = all(self.kind(side) in PLAIN for side in sides)
                return FLAG if simple or numbers else UNKNOWN
            case ast.Call():
                return self._call(node)
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice):
                return _SEEN.get(self.kind(value), UNKNOWN)
        return UNKNOWN

    def _joined(self, nodes: list[ast.expr]) -> str:
        kinds = [self.kind(node) for node in nodes]
        joined = kinds[0]
        for kind in kinds[1:]:
            joined = _join(joined, kind)
        return joined

    def _attribute(self, node: ast.Attribute) -> str:
        if isinstance(node.value, ast.Name) and node.value.id == "math" and "math" in self.free:
            return FLOAT if node.attr in ("pi", "e", "tau", "inf", "nan") else UNKNOWN
        owner = self.kind(node.value)
        if owner == SELF:
            return self.kept.get(node.attr, UNKNOWN)
        if owner in (OWN, OTHER):
            if node.attr in FLOAT_FIELDS:
                return FLOAT
            return INT if node.attr in INT_FIELDS else UNKNOWN
        return FLOAT if owner == RESOURCE and node.attr in RESOURCE_FIELDS else UNKNOWN

    def _operator(self, op: ast.operator, left: str, right: str) -> str:
        if left not in NUMBERS or right not in NUMBERS:
            return UNKNOWN
        if isinstance(op, ast.Div):
            return FLOAT
        if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.Mod | ast.FloorDiv | ast.Pow):
            if FLOAT in (left, right):
                return FLOAT
            return NUMBER if isinstance(op, ast.Pow) or NUMBER in (left, right) else INT
        return INT if {left, right} <= {INT, FLAG} else UNKNOWN

    def _call(self, node: ast.Call) -> str:
        match node.func:
            case ast.Name(id=name) if name in self.free:
                return self._builtin(name, node)
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if "math" in self.free:
                if name in _MATH_INTS:
                    return INT
                return UNKNOWN if name in _MATH_MIXED | _MATH_MIXED_TOO else FLOAT
            case ast.Attribute(value=ast.Name(id="random"), attr=name) if "random" in self.free:
                return FLOAT if name in _DRAWS else UNKNOWN
            case ast.Attribute(value=value, attr=name) if self.kind(value) == OWN:
                return FLOAT if name == "eat" else _SEARCHES.get(name, UNKNOWN)
        return UNKNOWN

    def _builtin(self, name: str, node: ast.Call) -> str:
        plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
        if name == "float":
            return FLOAT
        if name in ("int", "len", "ord") or (name == "round" and len(node.args) == 1 and plain):
            return INT if name != "round" or self.kind(node.args[0]) in NUMBERS else UNKNOWN
        if name == "abs" and plain and len(node.args) == 1:
            kind = self.kind(node.args[0])
            return kind if kind in (FLOAT, INT, NUMBER) else UNKNOWN
        if name in ("min", "max") and plain and len(node.args) > 1:
            return self._joined(node.args)
        return UNKNOWN

    def _collect(self, function: ast.AST, outer: frozenset[str]) -> None:
        """Gather what binds each name; "" stands for what cannot be known."""
        shared: set[str] = set()
        for node in _within(function):
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind(target, value)
                case ast.AnnAssign(target=target, value=value):
                    self._bind(target, value if value is not None else UNKNOWN)
                case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                    self._add(name, ast.BinOp(ast.Name(name, ast.Load()), op, value))
                case ast.NamedExpr(target=target, value=value):
                    self._bind(target, value)
                case ast.For(target=target, iter=iterated):
                    self._bind(target, self._item_of(iterated))
                case ast.comprehension(target=target, iter=iterated):
                    self._bind(target, self._item_of(iterated))
                    shared.update(_names_in(target) & outer)
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    shared.update(names)
                case ast.withitem(optional_vars=ast.expr() as target):
                    self._bind(target, UNKNOWN)
                case _:
                    shared.update(_bound_elsewhere(node))
        for name in shared:
            self._bindings[name] = [UNKNOWN]
        if isinstance(function, _FUNCTIONS):
            for name in _arguments(function.args):
                self._add(name, UNKNOWN)

    def _bind(self, target: ast.expr, value: "ast.expr | str") -> None:
        if isinstance(target, ast.Name):
            self._add(target.id, value)
            return
        if isinstance(target, ast.Starred):
            self._bind(target.value, UNKNOWN)
        if isinstance(target, ast.Tuple | ast.List):
            parts: list[ast.expr | str] = [UNKNOWN] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(parts):
                stars = [*value.elts, *target.elts]
                if not any(isinstance(node, ast.Starred) for node in stars):
                    parts = list(value.elts)
            for part, one in zip(target.elts, parts, strict=True):
                self._bind(part, one)

    def _item_of(self, iterated: ast.expr) -> "ast.expr | str":
        """Return an expression of the kind that the items of an iterable have, or the kind."""
        if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name):
            return INT if iterated.func.id == "range" and "range" in self.free else UNKNOWN
        return ast.Subscript(iterated, ast.Constant(0), ast.Load())

    def _add(self, name: str, value: "ast.expr | str") -> None:
        self._bindings.setdefault(name, []).append(value)

    def _settle(self) -> None:
        """Find the kinds: all names begin as anything, and lose what does not hold."""
        pending = {name: values for name, values in self._bindings.items() if values}
        anything = "anything"
        self.names.update(dict.fromkeys(pending, anything))
        for _ in range(len(pending) + 2):
            changed = False
            for name, values in pending.items():
                kind = anything
                for value in values:
                    kind = _join(kind, value if isinstance(value, str) else self.kind(value))
                if kind != self.names[name]:
                    self.names[name] = kind
                    changed = True
            if not changed:
                break
        else:
            self.names.update(dict.fromkeys(pending, UNKNOWN))
        for name in pending:
            if self.names[name] == anything:
                self.names[name] = UNKNOWN

    def _drop_lists_that_may_change(self, function: ast.AST) -> None:
        lists = {name for name, kind in self.names.items() if kind in _SEEN}
        if not lists:
            return
        safe: set[int] = set()
        for node in _within(function):
            safe.update(id(use) for use in _harmless_uses(node, self.free))
        used = (n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id in lists)
        spoiled = {n.id for n in used if isinstance(n.ctx, ast.Load) and id(n) not in safe}
        if spoiled:
            for name in spoiled:
                self._bindings[name] = [UNKNOWN]
            self._settle()
            self._drop_lists_that_may_change(function)


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return FLAG
    if isinstance(value, int):
        return INT
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, str) and len(value) <= _TEXT_CHARS_MAX:
        return TEXT
    return UNKNOWN


def _join(a: str, b: str) -> str:
    if b in (a, "anything"):
        return a
    if a in NUMBERS and b in NUMBERS:
        return NUMBER
    return b if a == "anything" else UNKNOWN


def _names_in(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _arguments(arguments: ast.arguments) -> list[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one]
    return [one.arg for one in every]


def _within(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function that run in its scope or in its comprehensions."""
    pending = list(ast.iter_child_nodes(function))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _FUNCTIONS | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))


def _bound_elsewhere(node: ast.AST) -> set[str]:
    """Return the names that a node binds to what is not known."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            inner = {
                n
                for s in ast.walk(node)
                if isinstance(s, ast.Nonlocal | ast.Global)
                for n in s.names
            }
            return {name} | inner
        case ast.ExceptHandler(name=str(name)):
            return {name}
        case ast.alias(name=name, asname=other):
            return {other or name.split(".")[0]}
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return {name}
        case ast.MatchMapping(rest=str(name)):
            return {name}
        case ast.Delete(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def _harmless_uses(node: ast.AST, free: frozenset[str]) -> Iterator[ast.expr]:
    """Yield expressions that a node only looks at."""
    match node:
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
            yield iterated
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield test
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Subscript(value=value, ctx=ast.Load()):
            yield value
        case ast.Compare(left=left, comparators=comparators):
            yield left
            yield from comparators
        case ast.Call(func=ast.Name(id="len"), args=[only]) if "len" in free:
            yield only
