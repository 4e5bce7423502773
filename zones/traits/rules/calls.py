"""Calls whose arguments decide what they do.

Owns: builtins and library functions that are called by name with checked arguments, coroutines
that are awaited where they are called. Does not own: all other calls (any expression may be
called; what it may be is judged as an expression).
"""

import ast
from typing import Final

from zones.traits import names
from zones.traits.contract import METHODS
from zones.traits.rules.facts import Facts, constant, texts
from zones.traits.rules.formats import check_specification, check_template
from zones.traits.rules.naming import check_attribute, is_dunder
from zones.traits.rules.refusing import refuse, shown
from zones.traits.rules.scopes import Scope

_FACTORY_KEYWORDS: Final = {
    "namedtuple": {"defaults"},
    "NewType": set[str](),
    "TypeVar": {"bound", "covariant", "contravariant"},
    "ParamSpec": {"bound", "covariant", "contravariant"},
}
_FIELD_KEYWORDS: Final = frozenset(
    ("default", "default_factory", "init", "repr", "hash", "compare", "metadata", "kw_only")
)
DATACLASS_KEYWORDS: Final = frozenset(
    ("init", "repr", "eq", "order", "unsafe_hash", "frozen", "match_args", "kw_only", "slots")
)


def check_keywords(node: ast.Call) -> None:
    """Refuse keyword arguments with names that Python gives a meaning."""
    for each in node.keywords:
        if each.arg is not None and (
            is_dunder(each.arg) or each.arg.startswith(names.RESERVED_PREFIX)
        ):
            raise refuse("dunder", node, f"no argument may be named {shown(each.arg)}")


def check_builtin(word: str, node: ast.Call, facts: Facts, scope: Scope, in_class: bool) -> None:
    """Check a call of one of `names.ONLY_CALLED`.

    Raises:
        Refusal: rule "call", "format", "attribute" or "dunder".
    """
    plain = not node.keywords and not any(isinstance(each, ast.Starred) for each in node.args)
    if word == "type":
        if not plain or len(node.args) != 1:
            raise refuse("call", node, "type takes one value here: write a class statement")
        inner = node.args[0]
        if isinstance(inner, ast.Call) and facts.builtin(inner.func, scope) == "type":
            raise refuse("call", node, "the type of a type is not given")
    elif word == "super":
        if not in_class or not plain or len(node.args) not in {0, 2}:
            raise refuse("call", node, "write super() within a method")
        if node.args and not (
            facts.own_class(node.args[0], scope) and isinstance(node.args[1], ast.Name)
        ):
            raise refuse("call", node, "write super() without arguments")
    elif word == "hasattr":
        name = node.args[1] if plain and len(node.args) == 2 else None
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            raise refuse("call", node, "hasattr takes a value and a literal name")
        check_attribute(name.value, node)
    elif word == "format":
        if not plain or len(node.args) not in {1, 2}:
            raise refuse("call", node, "format takes a value and a literal format")
        for specification in node.args[1:]:
            text = constant(facts, specification, scope)
            if not isinstance(text, str):
                raise refuse("format", node, "format takes a value and a literal format")
            check_specification(text, node)


def check_method(node: ast.Call, facts: Facts, scope: Scope) -> bool:
    """Check a call of `.format`; tell whether it is one, so that the attribute may stand.

    Raises:
        Refusal: rule "format".
    """
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "format":
        return False
    text = constant(facts, node.func.value, scope)
    if not isinstance(text, str):
        raise refuse("format", node, ".format is for literal text: use an f-string")
    check_template(text, node)
    return True


def check_library(module: str, word: str, node: ast.Call) -> None:
    """Check a call of a library function that makes classes or fields.

    Raises:
        Refusal: rule "call".
    """
    if word == "TypedDict":
        raise refuse("call", node, "write a class that derives from TypedDict")
    if word in names.FACTORIES:
        allowed = _FACTORY_KEYWORDS.get(word, set())
    elif word in names.ENUMS:
        allowed = {"start"}
    elif word == "field":
        if node.args or any(each.arg not in _FIELD_KEYWORDS for each in node.keywords):
            raise refuse("call", node, f"field takes {', '.join(sorted(_FIELD_KEYWORDS))}")
        return
    else:
        return
    if any(each.arg not in allowed for each in node.keywords):
        raise refuse("call", node, f"{word} takes no other keywords here: write a class")
    if word in {"namedtuple", "NamedTuple"} or word in names.ENUMS:
        if len(node.args) != 2 or not all(_is_literal(each, word) for each in node.args):
            raise refuse("call", node, f"{word} takes literal names: write a class")
    elif word != "NewType" and not all(_is_text(each) for each in node.args[:1]):
        raise refuse("call", node, f"{word} takes a literal name")
    found = [text.replace(",", " ").split() for each in node.args[1:] for text in texts(each)]
    if word in names.ENUMS and not any(found):
        raise refuse("call", node, f"{word} takes at least one name: write a class")
    for name in (name for each in found for name in each):
        check_attribute(name, node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_literal(node: ast.AST, word: str) -> bool:
    """Tell whether names are literal: a text, or a sequence or mapping of texts with anything."""
    if _is_text(node):
        return True
    if isinstance(node, ast.List | ast.Tuple):
        return all(_is_text(each) or _is_pair(each) for each in node.elts)
    if isinstance(node, ast.Dict):
        return all(key is not None and _is_text(key) for key in node.keys)
    return False


def _is_pair(node: ast.AST) -> bool:
    return isinstance(node, ast.Tuple | ast.List) and len(node.elts) == 2 and _is_text(node.elts[0])


def check_dataclass(node: ast.Call) -> None:
    """Refuse arguments of dataclass that are no literal flags.

    Raises:
        Refusal: rule "decorator".
    """
    flags = all(
        each.arg in DATACLASS_KEYWORDS
        and isinstance(each.value, ast.Constant)
        and isinstance(each.value.value, bool)
        for each in node.keywords
    )
    if node.args or not flags:
        raise refuse("decorator", node, "dataclass takes literal flags, such as frozen=True")


def is_coroutine_call(node: ast.Call, facts: Facts, scope: Scope, members: set[str]) -> bool | None:
    """Tell whether a call gives a coroutine; None: that shows only when it runs.

    Args:
        members: names of the coroutines of the class around.
    """
    func = node.func
    if isinstance(func, ast.Name):
        found = scope.resolve(func.id)
        if found is None or func.id in found.imports:
            return False
        bound = found.bound.get(func.id)
        if found.counts.get(func.id) == 1:
            if isinstance(bound, ast.AsyncFunctionDef):
                return True
            if isinstance(bound, ast.ClassDef):
                return False
            if isinstance(bound, ast.FunctionDef) and not bound.decorator_list:
                return None if _gives(bound) else False
        return None
    if isinstance(func, ast.Attribute):
        if facts.library(func, scope) is not None:
            return False
        if isinstance(func.value, ast.Name) and func.value.id == "self":
            if func.attr in members:
                return True
        elif func.attr in METHODS and func.attr not in facts.coroutines:
            return False
        is_async, is_plain = func.attr in facts.coroutines, func.attr in facts.plain
        if is_async and not is_plain and func.attr not in names.ATTRIBUTES:
            return True
        if is_plain and not is_async:
            return None
    return None


def _gives(node: ast.FunctionDef) -> bool:
    """Tell whether a plain function may hand a coroutine on."""
    return any(isinstance(each, ast.Return) and each.value is not None for each in ast.walk(node))
