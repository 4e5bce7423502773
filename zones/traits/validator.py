"""The validator: default-deny over the syntax tree of a source.

Owns: which nodes a tree may hold and in which order they are judged. Does not own: the rules of
each (`rules/`), the lists (`names.py`), the text before it is parsed (`gate.py`), the state of a
trait (`state.py`). Pure: it reads the tree and changes nothing in it.

A node without an entry in `_HANDLERS` is refused. A name is of the source or on the list of
builtins; an attribute is defined by the source or on the list of attributes; a module is only
what stands before a dot. What a rule cannot see (types, sizes known only when it runs) is bounded
by both tiers; neither counts on the other.
"""

import ast
from collections.abc import Callable
from typing import Any, Final

from zones.traits import names
from zones.traits.contract import NODES_MAX
from zones.traits.rules import calls, classes, decorators, formats, modules, naming, sizes
from zones.traits.rules.annotations import Annotations
from zones.traits.rules.facts import Facts, constant, gather
from zones.traits.rules.refusing import refuse, shown
from zones.traits.rules.scopes import CLASS, COMPREHENSIONS, Scope, all_arguments
from zones.traits.verdict import Refusal

DEPTH_MAX: Final = 100
COMPREHENSION_FORS_MAX: Final = 8
_FORMS: Final = {
    ast.AsyncFor: "write a plain for: a trait waits for nothing",
    ast.AsyncWith: "write a plain with: a trait waits for nothing",
    ast.TryStar: "write a plain except",
}


def check_tree(tree: ast.Module) -> ast.ClassDef:
    """Return the trait's class of a tree that keeps all rules.

    Raises:
        Refusal: it breaks one; the first that is met.
    """
    nodes = _counted(tree)
    modules.check_top(tree)
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules.check_import(node)
    facts = gather(tree, nodes)
    loose = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in nodes)
    walk = _Walk(facts, loose)
    for statement in tree.body:
        walk.visit(statement)
    return classes.find_trait(tree, facts)


def _counted(tree: ast.Module) -> list[ast.AST]:
    """Return all nodes, if they are not too many and not too deep."""
    nodes: list[ast.AST] = []
    row: list[ast.AST] = [tree]
    for _ in range(DEPTH_MAX):
        if not row:
            return nodes
        nodes += row
        if len(nodes) > NODES_MAX:
            raise Refusal("size", 0, f"the source has more than {NODES_MAX} parts")
        row = [child for node in row for child in ast.iter_child_nodes(node)]
    line = next((node.lineno for node in row if isinstance(node, ast.expr | ast.stmt)), 0)
    raise Refusal("depth", line, f"parts lie more than {DEPTH_MAX} deep: name some of them")


class _Walk:
    """One walk over a tree, with where it is."""

    def __init__(self, facts: Facts, loose: bool) -> None:
        self.facts = facts
        self.scope: Scope = facts.scopes.top
        self.around: list[ast.AST] = []
        self.classes: tuple[str, ...] = ()
        self.members: set[str] = set()
        self.function: ast.AST | None = None
        self.annotations = Annotations(facts, loose, self._visit_in)

    def visit(self, node: ast.AST) -> None:
        """Judge a node and all below it."""
        handler = _HANDLERS.get(type(node))
        if handler is None:
            advice = _FORMS.get(type(node), "it has no place in a trait")
            raise refuse("form", node, f"{type(node).__name__} is not taken: {advice}")
        self.around.append(node)
        handler(self, node)
        self.around.pop()

    def visit_all(self, nodes: list[Any]) -> None:
        """Judge nodes in their order; None stands for a part that is left out."""
        for node in nodes:
            if node is not None:
                self.visit(node)

    def children(self, node: ast.AST) -> None:
        """Judge what lies right below a node."""
        for child in ast.iter_child_nodes(node):
            self.visit(child)

    def nothing(self, node: ast.AST) -> None:
        """Take a node that holds nothing."""

    @property
    def parent(self) -> ast.AST:
        """The node above the one being judged."""
        return self.around[-2] if len(self.around) > 1 else self.facts.scopes.top.node

    def known(self, node: ast.AST) -> int | float | str | None:
        """Return the value of a literal or constant."""
        return constant(self.facts, node, self.scope)

    def bind(self, name: str, node: ast.AST) -> None:
        """Judge that a name is bound here."""
        naming.check_binding(name, node, self.scope, self.classes)

    def _visit_in(self, node: ast.expr, scope: Scope) -> None:
        before, self.scope = self.scope, scope
        self.around.append(node)
        if isinstance(node, ast.Attribute):
            self.attribute(node, in_annotation=True)
        else:
            self.visit(node)
        self.around.pop()
        self.scope = before

    # Definitions.

    def function_def(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Judge a function: its name, decorators, defaults, annotations, body."""
        if not (self.scope.kind == CLASS and naming.is_dunder(node.name)):
            self.bind(node.name, node)
        decorators.check_decorators(node, self.facts, self.scope, is_trait=False)
        self.visit_all(node.decorator_list)
        if node.returns is not None:
            self.annotations.check(node.returns, self.scope)
        self._within(node, node.args, node.body)

    def lambda_(self, node: ast.Lambda) -> None:
        """Judge a lambda."""
        self._within(node, node.args, [node.body])

    def _within(self, node: ast.AST, arguments: ast.arguments, body: list[Any]) -> None:
        self.visit_all([*arguments.defaults, *arguments.kw_defaults])
        for arg in all_arguments(arguments):
            if arg.annotation is not None:
                starred = isinstance(arg.annotation, ast.Starred)
                note = arg.annotation.value if starred else arg.annotation  # type: ignore[attr-defined]
                self.annotations.check(note, self.scope)
        before = self.scope, self.function
        self.scope, self.function = self.facts.scopes.of[node], node
        for arg in all_arguments(arguments):
            self.bind(arg.arg, arg)
        self.visit_all(body)
        self.scope, self.function = before

    def class_def(self, node: ast.ClassDef) -> None:
        """Judge a class."""
        self.bind(node.name, node)
        classes.check_class(node, self.facts, self.scope)
        is_trait = any(self.facts.builtin(base, self.scope) == names.TRAIT for base in node.bases)
        decorators.check_decorators(node, self.facts, self.scope, is_trait)
        self.visit_all([*node.decorator_list, *node.bases, *node.keywords])
        before = self.scope, self.classes, self.members, self.function
        self.scope = self.facts.scopes.of[node]
        self.classes = (*self.classes, node.name)
        self.members = {each.name for each in node.body if isinstance(each, ast.AsyncFunctionDef)}
        self.function = None
        for statement in node.body:
            if not classes.is_alias(statement, node):
                self.visit(statement)
        self.scope, self.classes, self.members, self.function = before

    def comprehension_(self, node: Any) -> None:
        """Judge a comprehension: its first iterable outside, the rest in a scope of its own."""
        first = node.generators[0]
        if len(node.generators) > COMPREHENSION_FORS_MAX:
            raise refuse(
                "depth", node, f"a comprehension has {COMPREHENSION_FORS_MAX} fors at most"
            )
        self.visit(first.iter)
        before, self.scope = self.scope, self.facts.scopes.of[node]
        for index, each in enumerate(node.generators):
            if each.is_async:
                raise refuse("async", node, "write a plain for: a trait waits for nothing")
            self.visit_all([each.target, *([each.iter] if index else []), *each.ifs])
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self.visit_all(values)
        self.scope = before

    # Statements.

    def assign(self, node: ast.Assign) -> None:
        """Judge an assignment, its value first."""
        self.visit(node.value)
        self.visit_all(node.targets)

    def ann_assign(self, node: ast.AnnAssign) -> None:
        """Judge an annotated assignment."""
        self.annotations.check(node.annotation, self.scope)
        self.visit_all([node.value, node.target])

    def aug_assign(self, node: ast.AugAssign) -> None:
        """Judge an augmented assignment."""
        sizes.check_operator(node, self.known)
        self.children(node)

    def while_(self, node: ast.While) -> None:
        """Judge a loop."""
        sizes.check_endless(node)
        self.children(node)

    def import_(self, node: ast.Import | ast.ImportFrom) -> None:
        """Judge the names that an import binds."""
        if self.scope.kind == CLASS:
            raise refuse("import", node, "imports stand at the top of the module")
        for alias in node.names:
            name = alias.asname or alias.name
            if naming.is_dunder(name) or naming.is_private(name):
                raise refuse("dunder", node, f"{shown(name)} cannot be bound by an import")
            if isinstance(node, ast.Import) or name in names.NEVER_BOUND | {names.TRAIT}:
                self.bind(name, node)
            naming.check_reserved(name, node)

    def declaration(self, node: ast.Global | ast.Nonlocal) -> None:
        """Judge global and nonlocal."""
        modules.check_globals(node, self.facts)
        for name in node.names:
            self.bind(name, node)

    def handler(self, node: ast.ExceptHandler) -> None:
        """Judge an except clause."""
        if node.name:
            self.bind(node.name, node)
        self.children(node)

    # Patterns.

    def match_name(self, node: ast.MatchAs | ast.MatchStar) -> None:
        """Judge a capture."""
        if node.name:
            self.bind(node.name, node)
        self.children(node)

    def match_mapping(self, node: ast.MatchMapping) -> None:
        """Judge a mapping pattern."""
        if node.rest:
            self.bind(node.rest, node)
        self.children(node)

    def match_class(self, node: ast.MatchClass) -> None:
        """Judge a class pattern: it reads attributes by name."""
        if not isinstance(node.cls, ast.Name | ast.Attribute):
            raise refuse("pattern", node, "a pattern names a class")
        for name in node.kwd_attrs:
            self._attribute_name(name, node)
        self.children(node)

    # Expressions.

    def name(self, node: ast.Name) -> None:
        """Judge a name: a store by its form, a read by what it stands for."""
        if not isinstance(node.ctx, ast.Load):
            if not (self.scope.kind == CLASS and naming.is_dunder(node.id)):
                self.bind(node.id, node)
            return
        found = self.scope.resolve(node.id)
        naming.check_reserved(node.id, node, self.classes)
        if naming.is_dunder(node.id):
            raise refuse("dunder", node, f"the name {shown(node.id)} cannot be used")
        if naming.is_private(node.id) and (found is None or found.kind != CLASS):
            raise refuse("name", node, f"{shown(node.id)} with two underscores is for attributes")
        if found is not None:
            library = found.imports.get(node.id)
            if library is not None and library[0] != "__future__":
                self._library(node, *library)
            return
        if node.id not in names.BUILTINS:
            advice = names.NAMES_REFUSED.get(node.id)
            reason = f"{shown(node.id)} cannot be used: {advice}"
            raise refuse("name", node, reason if advice else f"there is no {shown(node.id)} here")
        if node.id in names.ONLY_CALLED and not self._is_called(node):
            raise refuse("call", node, f"{shown(node.id)} is only called, not handed on")
        if node.id == names.TRAIT and not isinstance(self.parent, ast.ClassDef | ast.Attribute):
            raise refuse("trait", node, "Trait is what the trait's class derives from, no more")

    def _is_called(self, node: ast.AST) -> bool:
        return isinstance(self.parent, ast.Call) and self.parent.func is node

    def _library(self, node: ast.expr, module: str, word: str) -> None:
        """Judge the use of a module or of something in it."""
        parent = self.parent
        if word == "":
            if not isinstance(parent, ast.Attribute):
                raise refuse("module", node, f"write {module}.name: a module is no value")
            return
        modules.check_public(module, word, node)
        if word in names.DECORATORS_ONLY and module in {
            "dataclasses",
            "enum",
            "functools",
            "typing",
        }:
            if not self._decorates(node):
                raise refuse("call", node, f"{word} is a decorator: write @{word}")
        elif (module == "typing" and word in names.FACTORIES) or word == "namedtuple":
            if not (self._is_called(node) or isinstance(parent, ast.ClassDef)):
                raise refuse("call", node, f"{word} is called or derived from, not handed on")
        elif module == "enum" and word in names.ENUMS:
            known = isinstance(parent, ast.ClassDef) or self._is_called(node) or self._is_asked()
            if not known:
                raise refuse("call", node, f"{word} is derived from, not handed on")

    def _decorates(self, node: ast.AST) -> bool:
        above = [each for each in self.around[-3:-1] if each is not node]
        for each, inner in zip(reversed(above), [node, self.around[-2]], strict=False):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                return inner in each.decorator_list
            if not (isinstance(each, ast.Call) and each.func is inner):
                return False
        return False

    def _is_asked(self) -> bool:
        """Tell whether a class stands in the second place of isinstance or issubclass."""
        for each in reversed(self.around[:-1]):
            if isinstance(each, ast.Tuple):
                continue
            return isinstance(each, ast.Call) and self.facts.builtin(each.func, self.scope) in {
                "isinstance",
                "issubclass",
            }
        return False

    def attribute(self, node: ast.Attribute, in_annotation: bool = False) -> None:
        """Judge an attribute: of a module by its list, of anything else by its name."""
        module = self.facts.library(node.value, self.scope)
        if module is not None and module[1] == "":
            if not isinstance(node.ctx, ast.Load):
                raise refuse("rebinding", node, f"{module[0]} is not yours to change")
            modules.check_public(module[0], node.attr, node)
            if not in_annotation:
                self._library(node, module[0], node.attr)
            return
        self.visit(node.value)
        naming.check_reserved(node.attr, node, self.classes)
        if not isinstance(node.ctx, ast.Load):
            if module is not None or self.facts.builtin(node.value, self.scope):
                raise refuse("rebinding", node, "only attributes of things of yours can be set")
            naming.check_attribute(node.attr, node)
        elif not self._is_special(node):
            self._attribute_name(node.attr, node)

    def _attribute_name(self, name: str, node: ast.AST) -> None:
        if name in names.DUNDERS_READ and isinstance(node, ast.Attribute):
            return
        naming.check_attribute(name, node)
        if name not in names.ATTRIBUTES and name not in self.facts.attributes:
            raise refuse("attribute", node, f"nothing here has an attribute {shown(name)}")

    def _is_special(self, node: ast.Attribute) -> bool:
        """Tell whether an attribute that cannot be read elsewhere may be read here."""
        if node.attr == "format" and self._is_called(node):
            assert isinstance(self.parent, ast.Call)
            return calls.check_method(self.parent, self.facts, self.scope)
        if node.attr == "__class__":
            return self._is_class_asked(node)
        if node.attr not in names.DUNDERS_DEFINED or not self._is_called(node):
            return False
        if isinstance(node.value, ast.Call):
            return self.facts.builtin(node.value.func, self.scope) == "super"
        builtin = self.facts.builtin(node.value, self.scope)
        own = self.facts.own_class(node.value, self.scope) is not None
        return node.attr == "__init__" and (
            own or builtin in names.EXCEPTIONS or builtin == names.TRAIT
        )

    def _is_class_asked(self, node: ast.Attribute) -> bool:
        """Tell whether a class is only asked for its name, or whether it is that of another."""
        parent = self.parent
        if not isinstance(node.value, ast.Name):
            return False
        if isinstance(parent, ast.Attribute):
            return parent.attr == "__name__"
        return isinstance(parent, ast.Compare) and all(
            isinstance(op, ast.Is | ast.IsNot) for op in parent.ops
        )

    def call(self, node: ast.Call) -> None:
        """Judge a call."""
        calls.check_keywords(node)
        builtin = self.facts.builtin(node.func, self.scope)
        if builtin in names.ONLY_CALLED:
            calls.check_builtin(builtin, node, self.facts, self.scope, bool(self.classes))
        library = self.facts.library(node.func, self.scope)
        if library is not None:
            calls.check_library(library[0], library[1], node)
        own = self.facts.own_class(node.func, self.scope)
        if own is not None and own.name in self.facts.enums and not _takes_one(node):
            raise refuse("call", node, f"{own.name} takes one value: an enum has its members")
        word = library[1] if library is not None else builtin
        if isinstance(node.func, ast.Attribute) and library is None:
            word = node.func.attr
        sizes.check_call(word, node, self.known)
        gives = calls.is_coroutine_call(node, self.facts, self.scope, self.members)
        if gives and not isinstance(self.parent, ast.Await):
            raise refuse("await", node, "a coroutine is awaited where it is called")
        self.children(node)

    def await_(self, node: ast.Await) -> None:
        """Judge an await: of a call of a coroutine of the source."""
        if not isinstance(node.value, ast.Call):
            raise refuse("await", node, "await takes a call of a coroutine of yours")
        if calls.is_coroutine_call(node.value, self.facts, self.scope, self.members) is False:
            raise refuse("await", node, "this is no coroutine of yours: leave await out")
        for each in reversed(self.around[:-1]):
            if isinstance(each, ast.GeneratorExp):
                raise refuse("await", node, "write a list: no await within a generator expression")
            if not isinstance(each, ast.expr | ast.comprehension | ast.keyword):
                break
        self.children(node)

    def yield_(self, node: ast.Yield | ast.YieldFrom) -> None:
        """Judge a yield: of plain functions only."""
        if not isinstance(self.function, ast.FunctionDef):
            raise refuse("yield", node, "only a plain function may yield")
        self.children(node)

    def binary(self, node: ast.BinOp) -> None:
        """Judge an operator."""
        sizes.check_operator(node, self.known)
        if isinstance(node.op, ast.Mod):
            text = self.known(node.left)
            if isinstance(text, str):
                formats.check_percent(text, node)
            elif _joins_text(node.left):
                raise refuse("format", node, "% is for literal text: use an f-string")
        self.children(node)

    def constant_(self, node: ast.Constant) -> None:
        """Judge a literal."""
        minus = isinstance(self.parent, ast.UnaryOp) and isinstance(self.parent.op, ast.USub)
        sizes.check_constant(node, minus)

    def joined(self, node: ast.JoinedStr) -> None:
        """Judge an f-string."""
        formats.check_joined(node)
        self.children(node)

    def named(self, node: ast.NamedExpr) -> None:
        """Judge an assignment expression."""
        if self.function is None:
            raise refuse("form", node, "an assignment expression stands in functions only")
        before, self.scope = self.scope, self.scope.function_around()
        self.visit(node.target)
        self.scope = before
        self.visit(node.value)


def _takes_one(node: ast.Call) -> bool:
    return len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred)


def _joins_text(node: ast.expr) -> bool:
    """Tell whether an expression is evidently text made of parts."""
    return isinstance(node, ast.JoinedStr | ast.BinOp) and any(
        isinstance(each, ast.JoinedStr)
        or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in ast.walk(node)
    )


_Handler = Callable[[_Walk, Any], None]
_CHILDREN: Final = (
    *(ast.Return, ast.Delete, ast.For, ast.If, ast.With, ast.Match, ast.Raise, ast.Try),
    *(ast.Assert, ast.Expr, ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.Set, ast.Compare),
    *(ast.FormattedValue, ast.Subscript, ast.Starred, ast.List, ast.Tuple, ast.Slice),
    *(ast.keyword, ast.withitem, ast.match_case, ast.MatchValue, ast.MatchSingleton),
    *(ast.MatchSequence, ast.MatchOr),
)
_NOTHING: Final = (
    *(ast.Pass, ast.Break, ast.Continue, ast.Load, ast.Store, ast.Del),
    *(ast.And, ast.Or, ast.Not, ast.Invert, ast.UAdd, ast.USub),
    *(ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div, ast.Mod, ast.Pow, ast.FloorDiv),
    *(ast.LShift, ast.RShift, ast.BitOr, ast.BitXor, ast.BitAnd),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn),
)
_HANDLERS: Final[dict[type[ast.AST], _Handler]] = {
    **dict.fromkeys(_CHILDREN, _Walk.children),
    **dict.fromkeys(_NOTHING, _Walk.nothing),
    **dict.fromkeys(COMPREHENSIONS, _Walk.comprehension_),
    ast.FunctionDef: _Walk.function_def,
    ast.AsyncFunctionDef: _Walk.function_def,
    ast.Lambda: _Walk.lambda_,
    ast.ClassDef: _Walk.class_def,
    ast.Assign: _Walk.assign,
    ast.AnnAssign: _Walk.ann_assign,
    ast.AugAssign: _Walk.aug_assign,
    ast.While: _Walk.while_,
    ast.Import: _Walk.import_,
    ast.ImportFrom: _Walk.import_,
    ast.Global: _Walk.declaration,
    ast.Nonlocal: _Walk.declaration,
    ast.ExceptHandler: _Walk.handler,
    ast.MatchAs: _Walk.match_name,
    ast.MatchStar: _Walk.match_name,
    ast.MatchMapping: _Walk.match_mapping,
    ast.MatchClass: _Walk.match_class,
    ast.Name: _Walk.name,
    ast.Attribute: _Walk.attribute,
    ast.Call: _Walk.call,
    ast.Await: _Walk.await_,
    ast.Yield: _Walk.yield_,
    ast.YieldFrom: _Walk.yield_,
    ast.BinOp: _Walk.binary,
    ast.Constant: _Walk.constant_,
    ast.JoinedStr: _Walk.joined,
    ast.NamedExpr: _Walk.named,
}
