"""Expressions: names, attributes, calls, operators, literals.

Owns: what a name or attribute may stand for, and where. Does not own: the lists (`names.py`), calls
whose arguments decide (`calls.py`), formats (`formats.py`), sizes (`sizes.py`).
"""

import ast

from zones.traits import names
from zones.traits.rules import calls, formats, modules, naming, sizes
from zones.traits.rules.refusing import refuse, shown
from zones.traits.rules.scopes import CLASS, Scope
from zones.traits.rules.walk import Walk


def name(walk: Walk, node: ast.Name) -> None:
    """Judge a name: a store by its form, a read by what it stands for."""
    if not isinstance(node.ctx, ast.Load):
        if not (walk.scope.kind == CLASS and naming.is_dunder(node.id)):
            walk.bind(node.id, node)
        return
    found = walk.scope.resolve(node.id)
    naming.check_reserved(node.id, node, walk.classes)
    if naming.is_dunder(node.id):
        raise refuse("dunder", node, f"the name {shown(node.id)} cannot be used")
    if naming.is_private(node.id) and (found is None or found.kind != CLASS):
        raise refuse("name", node, f"{shown(node.id)} with two underscores is for attributes")
    if found is not None:
        if found.kind == CLASS and _is_given_outside(walk, found, node.id):
            # Before it is bound there, Python would find the other one.
            raise refuse("rebinding", node, f"{shown(node.id)} means two things: use another name")
        library = found.imports.get(node.id)
        if library is not None and library[0] != "__future__":
            _library(walk, node, *library)
        return
    if node.id not in names.BUILTINS:
        raise refuse("name", node, _why_unknown(node.id))
    if node.id in names.ONLY_CALLED and not walk.is_called(node):
        raise refuse("call", node, f"{shown(node.id)} is only called, not handed on")
    if node.id == names.TRAIT and not isinstance(walk.parent, ast.ClassDef | ast.Attribute):
        raise refuse("trait", node, "Trait is what the trait's class derives from, no more")


def _why_unknown(name: str) -> str:
    advice = names.NAMES_REFUSED.get(name)
    if advice:
        return f"{shown(name)} cannot be used: {advice}"
    missing = f"; write 'import {name}' at the top" if name in names.MODULE_NAMES else ""
    return f"there is no {shown(name)} here{missing}"


def _is_given_outside(walk: Walk, scope: Scope, name: str) -> bool:
    """Tell whether a name of a class body is also one that a source does not make itself."""
    around = scope.parent.resolve(name) if scope.parent is not None else None
    if around is None:
        return name in names.BUILTINS or name in names.NAMES_REFUSED
    return name in around.imports


def _library(walk: Walk, node: ast.expr, module: str, word: str) -> None:
    """Judge the use of a module or of something in it."""
    parent = walk.parent
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
        if not _decorates(walk, node):
            raise refuse("call", node, f"{word} is a decorator: write @{word}")
    elif (module == "typing" and word in names.FACTORIES) or word == "namedtuple":
        if not (walk.is_called(node) or isinstance(parent, ast.ClassDef)):
            raise refuse("call", node, f"{word} is called or derived from, not handed on")
    elif module == "enum" and word in names.ENUMS:
        known = isinstance(parent, ast.ClassDef) or walk.is_called(node) or _is_asked(walk)
        if not known:
            raise refuse("call", node, f"{word} is derived from, not handed on")


def _decorates(walk: Walk, node: ast.AST) -> bool:
    above = [each for each in walk.around[-3:-1] if each is not node]
    for each, inner in zip(reversed(above), [node, walk.around[-2]], strict=False):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return inner in each.decorator_list
        if not (isinstance(each, ast.Call) and each.func is inner):
            return False
    return False


def _is_asked(walk: Walk) -> bool:
    """Tell whether a class stands in the second place of isinstance or issubclass."""
    for each in reversed(walk.around[:-1]):
        if isinstance(each, ast.Tuple):
            continue
        return isinstance(each, ast.Call) and walk.facts.builtin(each.func, walk.scope) in {
            "isinstance",
            "issubclass",
        }
    return False


def type_part(walk: Walk, node: ast.expr) -> None:
    """Judge an attribute within an annotation, where any public name of a module may stand."""
    assert isinstance(node, ast.Attribute), "names are judged by the annotation"
    module = walk.facts.library(node.value, walk.scope)
    if module is not None and module[1] == "":
        modules.check_public(module[0], node.attr, node)
    else:
        attribute(walk, node)


def attribute(walk: Walk, node: ast.Attribute) -> None:
    """Judge an attribute: of a module by its list, of anything else by its name."""
    module = walk.facts.library(node.value, walk.scope)
    if module is not None and module[1] == "":
        if not isinstance(node.ctx, ast.Load):
            raise refuse("rebinding", node, f"{module[0]} is not yours to change")
        modules.check_public(module[0], node.attr, node)
        _library(walk, node, module[0], node.attr)
        return
    walk.visit(node.value)
    naming.check_reserved(node.attr, node, walk.classes)
    if not isinstance(node.ctx, ast.Load):
        if module is not None or walk.facts.builtin(node.value, walk.scope):
            raise refuse("rebinding", node, "only attributes of things of yours can be set")
        naming.check_attribute(node.attr, node)
    elif not _is_special(walk, node):
        check_attribute_name(walk, node.attr, node)


def check_attribute_name(walk: Walk, name: str, node: ast.AST) -> None:
    """Refuse to read an attribute that neither the source nor a list has.

    Raises:
        Refusal: rule "attribute" or "dunder".
    """
    if name in names.DUNDERS_READ and isinstance(node, ast.Attribute):
        return
    naming.check_attribute(name, node)
    if name not in names.ATTRIBUTES and name not in walk.facts.attributes:
        raise refuse("attribute", node, f"nothing here has an attribute {shown(name)}")


def _is_special(walk: Walk, node: ast.Attribute) -> bool:
    """Tell whether an attribute that cannot be read elsewhere may be read here."""
    if node.attr == "format" and walk.is_called(node):
        assert isinstance(walk.parent, ast.Call)
        return calls.check_method(walk.parent, walk.facts, walk.scope)
    if node.attr == "__class__":
        return _is_class_asked(walk, node)
    if not naming.is_dunder(node.attr) or not walk.is_called(node):
        return False
    if isinstance(node.value, ast.Call):
        is_super = walk.facts.builtin(node.value.func, walk.scope) == "super"
        return is_super and (node.attr in names.DUNDERS_OF_SUPER or _is_inherited(walk, node.attr))
    builtin = walk.facts.builtin(node.value, walk.scope)
    own = walk.facts.own_class(node.value, walk.scope) is not None
    return node.attr == "__init__" and (
        own or builtin in names.EXCEPTIONS or builtin == names.TRAIT
    )


def _is_inherited(walk: Walk, name: str) -> bool:
    """Tell whether the class around derives first from one of the source that shows itself so."""
    own = walk.facts.classes.get(walk.classes[-1]) if walk.classes else None
    if name not in {"__repr__", "__str__"} or own is None or not own.bases:
        return False
    above = walk.facts.own_class(own.bases[0], walk.facts.scopes.top)
    return above is not None and any(
        isinstance(each, ast.FunctionDef) and each.name == name for each in above.body
    )


def _is_class_asked(walk: Walk, node: ast.Attribute) -> bool:
    """Tell whether a method asks for the class of what it was given, as type(self) would.

    The interpreted tier reads it as `type(self)`, too. Of the entity it is nobody's business, and
    what it gives is used at once: called, compared, or asked for an attribute.
    """
    if not isinstance(node.value, ast.Name) or not isinstance(node.ctx, ast.Load):
        return False
    found = walk.scope.resolve(node.value.id)
    bound = found.bound.get(node.value.id) if found is not None else None
    if found is None or not isinstance(bound, ast.arg) or found.counts[node.value.id] != 1:
        return False
    if found.parent is None or found.parent.kind != CLASS or not _is_own_kind(found.node, bound):
        return False
    parent = walk.parent
    if isinstance(parent, ast.Call):
        word = walk.facts.builtin(parent.func, walk.scope)
        return parent.func is node or word in {"isinstance", "issubclass"}
    return isinstance(parent, ast.Attribute | ast.Compare)


def _is_own_kind(function: ast.AST, arg: ast.arg) -> bool:
    """Tell whether a parameter is the object of a method, or the other one of a dunder."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    given = [*function.args.posonlyargs, *function.args.args]
    if arg not in given:
        return False
    return arg is given[0] or naming.is_dunder(function.name)


def call(walk: Walk, node: ast.Call) -> None:
    """Judge a call."""
    calls.check_keywords(node)
    builtin = walk.facts.builtin(node.func, walk.scope)
    if builtin in names.ONLY_CALLED:
        calls.check_builtin(builtin, node, walk.facts, walk.scope, bool(walk.classes))
    library = walk.facts.library(node.func, walk.scope)
    if library is not None:
        calls.check_library(library[0], library[1], node)
    own = walk.facts.own_class(node.func, walk.scope)
    if own is not None and own.name in walk.facts.enums and not _takes_one(node):
        raise refuse("call", node, f"{own.name} takes one value: an enum has its members")
    word = library[1] if library is not None else builtin
    if isinstance(node.func, ast.Attribute) and library is None:
        word = node.func.attr
    sizes.check_call(word, node, walk.known)
    gives = calls.is_coroutine_call(node, walk.facts, walk.scope, walk.members)
    if gives and not isinstance(walk.parent, ast.Await):
        raise refuse("await", node, "a coroutine is awaited where it is called")
    walk.children(node)


def await_(walk: Walk, node: ast.Await) -> None:
    """Judge an await: of a call of a coroutine of the source."""
    if not isinstance(node.value, ast.Call):
        raise refuse("await", node, "await takes a call of a coroutine of yours")
    if calls.is_coroutine_call(node.value, walk.facts, walk.scope, walk.members) is False:
        raise refuse("await", node, "this is no coroutine of yours: leave await out")
    for each in reversed(walk.around[:-1]):
        if isinstance(each, ast.GeneratorExp):
            raise refuse("await", node, "write a list: no await within a generator expression")
        if not isinstance(each, ast.expr | ast.comprehension | ast.keyword):
            break
    walk.children(node)


def yield_(walk: Walk, node: ast.Yield | ast.YieldFrom) -> None:
    """Judge a yield: of plain functions only."""
    if not isinstance(walk.function, ast.FunctionDef):
        raise refuse("yield", node, "only a plain function may yield")
    walk.children(node)


def binary(walk: Walk, node: ast.BinOp) -> None:
    """Judge an operator."""
    sizes.check_operator(node, walk.known)
    if isinstance(node.op, ast.Mod):
        text = walk.known(node.left)
        if isinstance(text, str):
            formats.check_percent(text, node)
        elif _joins_text(node.left):
            raise refuse("format", node, "% is for literal text: use an f-string")
    walk.children(node)


def constant_(walk: Walk, node: ast.Constant) -> None:
    """Judge a literal."""
    minus = isinstance(walk.parent, ast.UnaryOp) and isinstance(walk.parent.op, ast.USub)
    sizes.check_constant(node, minus)


def joined(walk: Walk, node: ast.JoinedStr) -> None:
    """Judge an f-string."""
    formats.check_joined(node)
    walk.children(node)


def named(walk: Walk, node: ast.NamedExpr) -> None:
    """Judge an assignment expression."""
    if walk.function is None:
        raise refuse("form", node, "an assignment expression stands in functions only")
    before, walk.scope = walk.scope, walk.scope.function_around()
    walk.visit(node.target)
    walk.scope = before
    walk.visit(node.value)


def _takes_one(node: ast.Call) -> bool:
    return len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred)


def _joins_text(node: ast.expr) -> bool:
    """Tell whether an expression is evidently text made of parts."""
    return isinstance(node, ast.JoinedStr | ast.BinOp) and any(
        isinstance(each, ast.JoinedStr)
        or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in ast.walk(node)
    )
