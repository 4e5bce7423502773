"""Names of a trait's source while its kinds are being found.

Owns: scopes, what is bound in them, what is shared by the whole source. Does not own: the walk
(`inference.py`, `call_kinds.py`).
"""

import ast
import builtins
from dataclasses import dataclass, field

from zones.traits import kinds
from zones.traits.kinds import ANY, ITEMS, NOTHING, Kind, item_of, join

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Scope:
    """Names of one function, lambda or comprehension, or of the module.

    Attributes:
        outside: names that are global or nonlocal here.
        is_inner: of a comprehension: what `:=` binds there belongs to the scope above.
    """

    above: "Scope | None"
    names: dict[str, Kind] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    result: Kind = NOTHING
    outside: frozenset[str] = frozenset()
    is_inner: bool = False


class Names:
    """What is known of a source so far; it only ever grows.

    Attributes:
        attributes: kinds that the methods of the trait give to attributes of `self`.
        foreign: attributes that are set on what may be neither an entity nor that `self`.
        changed: something has grown since this was set to false.
        self_name: what the method that is read calls its `self`, "" for none.
    """

    def __init__(self, tree: ast.Module, trait: ast.ClassDef) -> None:
        self.attributes: dict[str, Kind] = {}
        self.foreign: dict[ast.Attribute, None] = {}
        self.class_kinds: dict[str, Kind] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.trait = trait
        self.methods = {each.name: each for each in trait.body if isinstance(each, Function)}
        self.module = Scope(None)
        self.changed = False
        self.self_name = ""
        self._scopes: dict[ast.AST, Scope] = {}
        self._in_containers = NOTHING
        self._bound, self._ambiguous = _names_bound(tree)

    def scope_of(self, node: ast.AST, above: Scope, is_inner: bool = False) -> Scope:
        """Return the scope that a node opens."""
        if node not in self._scopes:
            self._scopes[node] = Scope(above, is_inner=is_inner)
        return self._scopes[node]

    def bind(self, scope: Scope, name: str, kind: Kind) -> None:
        """Let a name of a scope be of this kind too."""
        if name in scope.outside and scope.above is not None:
            self.bind(scope.above, name, kind)
            return
        before = scope.names.get(name)
        joined = join(before or NOTHING, kind)
        if joined != before:
            scope.names[name] = joined
            self.changed = True

    def bind_all(self, scope: Scope, arguments: ast.arguments, kind: Kind) -> None:
        """Let all arguments of a function be of this kind too."""
        for each in every_argument(arguments):
            self.bind(scope, each.arg, kind)

    def look_up(self, name: str, scope: Scope) -> Kind | None:
        """Return the kind of a name of the source, None for one that it does not bind."""
        here: Scope | None = scope
        while here is not None:
            if name in here.names and name not in here.outside:
                return here.names[name]
            here = here.above
        if hasattr(builtins, name):
            return None  # bound elsewhere, perhaps; here it is the builtin
        return NOTHING if name in self._bound else None

    def function_named(self, name: str, scope: Scope) -> tuple[Function, Scope] | None:
        """Return the only function that the name can stand for, and the scope it is in."""
        if name in self._ambiguous:
            return None
        here: Scope | None = scope
        while here is not None:
            if name in here.functions:
                return here.functions[name], here
            here = here.above
        return None

    def grow(self, before: Kind, more: Kind) -> Kind:
        """Return both kinds together, and note whether that is news."""
        joined = join(before, more)
        self.changed |= joined != before
        return joined

    def put(self, kind: Kind) -> None:
        """Note that something is put into some container."""
        self._in_containers = self.grow(self._in_containers, kind)

    def items(self, kind: Kind) -> Kind:
        """Return what is in a container, or has been put into one anywhere."""
        return join(item_of(kind), self._in_containers if kind.mask & ITEMS else NOTHING)


def _names_bound(tree: ast.Module) -> tuple[frozenset[str], frozenset[str]]:
    """Return names that the source binds, and those that may be more than one function."""
    variables: set[str] = set()
    functions: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, Function | ast.ClassDef):
            functions.append(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            variables.add(node.id)
        elif isinstance(node, ast.arg):
            variables.add(node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            variables |= {node.name} if node.name else set()
        elif isinstance(node, ast.MatchMapping) and node.rest:
            variables.add(node.rest)
    twice = {name for name in functions if functions.count(name) > 1}
    return frozenset(variables | set(functions)), frozenset(variables | twice)


def is_static(function: Function) -> bool:
    """Tell whether a method is given no `self`."""
    return any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list
    )


def every_argument(arguments: ast.arguments) -> list[ast.arg]:
    """Return all arguments of a function, those with stars too."""
    stars = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]


def as_load(target: ast.expr) -> ast.expr:
    """Return the target of an augmented assignment as what is read."""
    match target:
        case ast.Name(name):
            return ast.Name(name, ast.Load())
        case ast.Attribute(value, name):
            return ast.Attribute(value, name, ast.Load())
        case ast.Subscript(value, index):
            return ast.Subscript(value, index, ast.Load())
    return target


def kind_of_constant(value: object) -> Kind:
    """Return the kind of a literal."""
    for cls, kind in (
        (bool, kinds.IS_BOOL),
        (int, kinds.IS_INT),
        (float, kinds.IS_FLOAT),
        (str, kinds.IS_TEXT),
        (type(None), kinds.IS_NONE),
    ):
        if isinstance(value, cls):
            return kind
    return ANY


def constant_of(module: str, name: str) -> Kind:
    """Return the kind of what is no function in a module."""
    known = module == "math" and name in ("pi", "e", "tau", "inf", "nan")
    return kinds.IS_FLOAT if known else ANY


def can_fall_through(body: list[ast.stmt]) -> bool:
    """Tell whether the end of a body may be reached; when in doubt, yes."""
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return False
    if isinstance(last, ast.If):
        return not last.orelse or can_fall_through(last.body) or can_fall_through(last.orelse)
    return True
