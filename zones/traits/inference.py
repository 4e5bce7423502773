"""Find the kinds that attributes of a trait's `self` may have.

Owns: the walk over a source until nothing changes any more. Does not own: kinds (`kinds.py`),
names (`scopes.py`), calls (`call_kinds.py`), what follows for the state (`state.py`).

One kind for each name of a scope, whatever the path (flow-insensitive), each function once for all
its callers. Whatever a source puts into containers is joined in one kind for all of them: so no
alias of a list can hide anything. It never runs anything.
"""

import ast
from typing import Final

from zones.traits import kinds
from zones.traits.call_kinds import call_kind
from zones.traits.contract import FLOAT_FIELDS, INT_FIELDS, RESOURCE_FIELDS, TEXT_FIELDS
from zones.traits.kinds import ANY, ITEMS, NOTHING, Kind, item_of, join, list_of, tuple_of
from zones.traits.scopes import (
    Function,
    Names,
    Scope,
    as_load,
    constant_of,
    is_static,
    kind_of_constant,
)

ROUNDS_MAX: Final = 30
_FIELD_KINDS: Final = {
    **dict.fromkeys(FLOAT_FIELDS, kinds.IS_FLOAT),
    **dict.fromkeys(INT_FIELDS, kinds.IS_INT),
    **dict.fromkeys(TEXT_FIELDS, kinds.IS_TEXT),
    "traits": list_of(kinds.IS_TEXT),
}
_READ_BY_US: Final = kinds.OWN | kinds.OTHER | kinds.RESOURCE | kinds.NONE
"""What keeps no attributes of a trait's."""


def infer_names(tree: ast.Module, trait: ast.ClassDef) -> Names | None:
    """Return what the source makes of its names; of it, who asks reads `attributes` and `foreign`.

    None: the rounds did not suffice, so that nothing is known.
    """
    reader = _Reader(Names(tree, trait))
    for _ in range(ROUNDS_MAX):
        reader.names.changed = False
        reader.read_module(tree)
        if not reader.names.changed:
            return reader.names
    return None


class _Reader:
    """Reads a source, and lets `names` grow."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def read_module(self, tree: ast.Module) -> None:
        names = self.names
        for statement in tree.body:
            if statement is names.trait:
                self._read_class_values(names.trait)
            else:
                self._statement(statement, names.module)
        for method in names.methods.values():
            scope = names.scope_of(method, names.module)
            arguments = [each.arg for each in (*method.args.posonlyargs, *method.args.args)]
            names.self_name = "" if is_static(method) or not arguments else arguments[0]
            if method.name == "execute" and len(arguments) > 1:
                names.bind(scope, arguments[1], kinds.IS_OWN)
            self._body(method, names.module)
            names.self_name = ""

    def _read_class_values(self, trait: ast.ClassDef) -> None:
        for statement in trait.body:
            if isinstance(statement, ast.Assign):
                targets = statement.targets
            elif isinstance(statement, ast.AnnAssign):
                targets = [statement.target]
            else:
                continue
            for target in targets:
                if isinstance(target, ast.Name) and statement.value is not None:
                    kind = self.value(statement.value, self.names.module)
                    before = self.names.class_kinds.get(target.id, NOTHING)
                    self.names.class_kinds[target.id] = self.names.grow(before, kind)

    def _body(self, function: Function, above: Scope) -> None:
        scope = self.names.scope_of(function, above)
        for default in (*function.args.defaults, *function.args.kw_defaults):
            if default is not None:
                self.names.bind_all(scope, function.args, self.value(default, above))
        self._block(function.body, scope)

    def escape(self, function: Function, above: Scope) -> None:
        """Read a function that may be called by anybody, with anything."""
        self.names.bind_all(self.names.scope_of(function, above), function.args, ANY)
        self._body(function, above)

    # Statements.

    def _block(self, body: list[ast.stmt], scope: Scope) -> None:
        for statement in body:
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        match node:
            case ast.Assign(targets, value):
                kind = self.value(value, scope)
                for target in targets:
                    self._store(target, kind, scope)
            case ast.AnnAssign(target, _, value):
                if value is not None:
                    self._store(target, self.value(value, scope), scope)
            case ast.AugAssign(target, operator, value):
                kind = self.value(value, scope)
                before = self.value(as_load(target), scope)
                if before.mask & (ITEMS | kinds.ANYTHING):
                    self.names.put(item_of(kind))
                kind = kinds.of_arithmetic(type(operator).__name__, before, kind)
                self._store(target, kind, scope)
            case ast.Return(value):
                kind = self.value(value, scope) if value else kinds.IS_NONE
                scope.result = self.names.grow(scope.result, kind)
            case ast.For(target, iterable, body, orelse):
                self._store(target, self.names.items(self.value(iterable, scope)), scope)
                self._block(body, scope)
                self._block(orelse, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define(node, scope)
            case ast.ClassDef():
                self.names.bind(scope, node.name, ANY)
                for each in ast.walk(node):
                    if isinstance(each, Function):
                        self.escape(each, scope)
            case ast.Import(aliases):
                for alias in aliases:
                    self.names.imports[alias.asname or alias.name] = (alias.name, "")
            case ast.ImportFrom(module, aliases):
                for alias in aliases:
                    self.names.imports[alias.asname or alias.name] = (module or "", alias.name)
            case ast.Global(names) | ast.Nonlocal(names):
                scope.outside |= frozenset(names)
            case _:
                self._inner(node, scope)

    def _define(self, function: Function, scope: Scope) -> None:
        scope.functions[function.name] = function
        is_known = self.names.function_named(function.name, scope) is not None
        if not is_known:
            self.names.bind(scope, function.name, ANY)
        if is_known and scope is self.names.module:
            self._body(function, scope)
        else:
            self.escape(function, scope)

    def _inner(self, node: ast.AST, scope: Scope) -> None:
        """Read what stands within a statement of any other sort."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._statement(child, scope)
            elif isinstance(child, ast.expr):
                self.value(child, scope)
            elif isinstance(child, ast.withitem):
                self.value(child.context_expr, scope)
                if child.optional_vars is not None:
                    self._store(child.optional_vars, ANY, scope)
            else:
                for name in (getattr(child, "name", None), getattr(child, "rest", None)):
                    if isinstance(name, str):  # of an exception, or what a pattern captures
                        self.names.bind(scope, name, ANY)
                self._inner(child, scope)

    def _store(self, target: ast.expr, kind: Kind, scope: Scope) -> None:
        names = self.names
        match target:
            case ast.Name(name):
                names.bind(scope, name, kind)
            case ast.Attribute(ast.Name(owner), name) if owner == names.self_name != "":
                names.attributes[name] = names.grow(names.attributes.get(name, NOTHING), kind)
            case ast.Attribute(value):
                if self.value(value, scope).mask & ~_READ_BY_US:
                    names.put(kind)
                    names.foreign[target] = None
            case ast.Subscript(value, index):
                names.put(kind)
                self.value(value, scope)
                self.value(index, scope)
            case ast.Starred(value):
                self._store(value, list_of(names.items(kind)), scope)
            case ast.Tuple(elements) | ast.List(elements):
                starred = any(isinstance(each, ast.Starred) for each in elements)
                parts = None if starred or kind.mask & ~ITEMS else kind.parts
                for place, each in enumerate(elements):
                    if isinstance(each, ast.Starred):
                        self._store(each, kind, scope)
                    elif parts is not None and len(parts) == len(elements):
                        self._store(each, parts[place], scope)
                    else:
                        self._store(each, names.items(kind), scope)

    # Expressions.

    def value(self, node: ast.expr, scope: Scope) -> Kind:
        """Return the kind of an expression, having read all that is in it."""
        match node:
            case ast.Constant(value):
                return kind_of_constant(value)
            case ast.Name(name):
                return self._name(name, scope)
            case ast.BinOp(left, operator, right):
                operands = self.value(left, scope), self.value(right, scope)
                return kinds.of_arithmetic(type(operator).__name__, *operands)
            case ast.UnaryOp(operator, operand):
                return kinds.of_unary(type(operator).__name__, self.value(operand, scope))
            case ast.BoolOp(_, values):
                return join(*[self.value(each, scope) for each in values])
            case ast.Compare(left, operators, rights):
                every = tuple([self.value(each, scope) for each in (left, *rights)])
                return kinds.of_comparison(tuple(type(each).__name__ for each in operators), every)
            case ast.IfExp(test, body, orelse):
                self.value(test, scope)
                return join(self.value(body, scope), self.value(orelse, scope))
            case ast.NamedExpr(target, value):
                kind = self.value(value, scope)
                while scope.is_inner and scope.above is not None:
                    scope = scope.above
                self._store(target, kind, scope)
                return kind
            case ast.Attribute(value, name):
                return self._attribute(value, name, scope)
            case ast.Call():
                return call_kind(self, node, scope)
            case ast.Await(value):
                return self.value(value, scope)
        return self._composed(node, scope)

    def _composed(self, node: ast.expr, scope: Scope) -> Kind:
        match node:
            case ast.Tuple(elements) | ast.List(elements) | ast.Set(elements):
                parts = tuple([self.value(each, scope) for each in elements])
                starred = any(isinstance(each, ast.Starred) for each in elements)
                if isinstance(node, ast.Tuple) and not starred:
                    return tuple_of(parts)
                return list_of(join(*parts))
            case ast.Starred(value):
                return self.names.items(self.value(value, scope))
            case ast.Subscript(value, index):
                return self._subscript(self.value(value, scope), index, scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, scope)
            case ast.Lambda(arguments, body):
                inner = self.names.scope_of(node, scope)
                self.names.bind_all(inner, arguments, ANY)
                self.value(body, inner)
                return ANY
            case ast.JoinedStr():
                self.children(node, scope)
                return kinds.IS_TEXT
        self.children(node, scope)
        return ANY

    def children(self, node: ast.AST, scope: Scope) -> None:
        """Read all expressions within a node."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, scope)
            else:
                self.children(child, scope)

    def _name(self, name: str, scope: Scope) -> Kind:
        found = self.names.function_named(name, scope)
        if found is not None:
            self.names.bind_all(self.names.scope_of(*found), found[0].args, ANY)
            return ANY
        kind = self.names.look_up(name, scope)
        if kind is not None:
            return kind
        return constant_of(*self.names.imports[name]) if name in self.names.imports else ANY

    def _attribute(self, value: ast.expr, name: str, scope: Scope) -> Kind:
        names = self.names
        if isinstance(value, ast.Name):
            if value.id == names.self_name != "":
                return self._self_attribute(name)
            if value.id == names.trait.name and name in names.class_kinds:
                return names.class_kinds[name]
            if value.id in names.imports and names.look_up(value.id, scope) is None:
                return constant_of(names.imports[value.id][0], name)
        return _field(self.value(value, scope), name)

    def _self_attribute(self, name: str) -> Kind:
        method = self.names.methods.get(name)
        if method is not None:
            scope = self.names.scope_of(method, self.names.module)
            skipped = 0 if is_static(method) else 1
            for each in [*method.args.posonlyargs, *method.args.args][skipped:]:
                self.names.bind(scope, each.arg, ANY)
            return ANY
        of_class = self.names.class_kinds.get(name, NOTHING)
        return join(self.names.attributes.get(name, NOTHING), of_class)

    def _subscript(self, kind: Kind, index: ast.expr, scope: Scope) -> Kind:
        self.value(index, scope)
        if isinstance(index, ast.Slice):
            return kind if kind.mask & kinds.ANYTHING else Kind(kind.mask, kind.items)
        if kind.parts and isinstance(index, ast.Constant) and not kind.mask & ~ITEMS:
            place = index.value
            if isinstance(place, int) and place < len(kind.parts):
                return kind.parts[place]
        return ANY if kind.mask & kinds.ANYTHING else self.names.items(kind)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope
    ) -> Kind:
        inner = self.names.scope_of(node, scope, is_inner=True)
        for index, each in enumerate(node.generators):
            iterable = self.value(each.iter, inner if index else scope)
            self._store(each.target, self.names.items(iterable), inner)
            for test in each.ifs:
                self.value(test, inner)
        if isinstance(node, ast.DictComp):
            self.value(node.key, inner)
            self.value(node.value, inner)
            return ANY
        return list_of(self.value(node.elt, inner))


def _field(kind: Kind, name: str) -> Kind:
    """Return the kind of an attribute of a value."""
    if kind.mask & kinds.ANYTHING:
        return ANY
    result = NOTHING
    if kind.mask & (kinds.OWN | kinds.OTHER):
        result = _FIELD_KINDS.get(name, NOTHING)
    if kind.mask & kinds.RESOURCE and name in RESOURCE_FIELDS:
        result = join(result, kinds.IS_FLOAT)
    # Numbers, texts and containers have no attributes of these names.
    if name not in _FIELD_KINDS and name not in RESOURCE_FIELDS and kind.mask & ~_READ_BY_US:
        return ANY
    return result
