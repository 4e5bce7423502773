"""What may stand behind an @.

Owns: decorators. Does not own: the functions and classes under them.
"""

import ast
from typing import Final

from zones.traits import names
from zones.traits.rules.calls import check_dataclass
from zones.traits.rules.facts import Facts
from zones.traits.rules.refusing import refuse
from zones.traits.rules.scopes import Scope

_BUILTIN: Final = frozenset(("classmethod", "property", "staticmethod"))
_PLAIN: Final = names.DECORATORS_ONLY - {"wraps"} | {"cache", "cached_property", "lru_cache"}
_CALLED: Final = frozenset(("dataclass", "lru_cache", "wraps"))
_FOR_CLASSES: Final = frozenset(
    ("dataclass", "final", "no_type_check", "runtime_checkable", "total_ordering", "unique")
)
_FOR_FUNCTIONS: Final = _PLAIN - {
    "dataclass",
    "runtime_checkable",
    "total_ordering",
    "unique",
} | {"wraps"}
_ADVICE: Final = (
    "a decorator is dataclass, property, staticmethod, classmethod, lru_cache, wraps and the like, "
    "or a function of yours"
)


def check_decorators(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    facts: Facts,
    scope: Scope,
    is_trait: bool,
) -> None:
    """Refuse decorators that are not known.

    Args:
        scope: around what is decorated.
        is_trait: it is the trait's class, which only known decorators may touch.

    Raises:
        Refusal: rule "decorator".
    """
    is_class = isinstance(node, ast.ClassDef)
    for each in node.decorator_list:
        func = each.func if isinstance(each, ast.Call) else each
        library = facts.library(func, scope)
        word = library[1] if library is not None else facts.builtin(func, scope)
        fitting = _FOR_CLASSES if is_class else _FOR_FUNCTIONS | _BUILTIN
        if word:
            allowed = _CALLED if isinstance(each, ast.Call) else _PLAIN | _BUILTIN
            if word not in allowed or word not in fitting:
                raise refuse("decorator", each, _ADVICE)
            if word == "dataclass" and isinstance(each, ast.Call):
                check_dataclass(each)
        elif not is_trait and not _is_own(func, node, facts, scope):
            raise refuse("decorator", each, _ADVICE)
        elif is_trait:
            raise refuse("decorator", each, "no decorator of yours may stand on the trait's class")


def _is_own(
    func: ast.expr,
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    facts: Facts,
    scope: Scope,
) -> bool:
    """Tell whether a decorator is a function or class of the source, or x.setter of a property."""
    if isinstance(func, ast.Name):
        found = scope.resolve(func.id)
        bound = found.bound.get(func.id) if found is not None else None
        return isinstance(bound, ast.FunctionDef | ast.ClassDef | ast.Name | ast.arg)
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
        if func.attr in {"setter", "getter", "deleter"}:
            return func.value.id in scope.bound and not isinstance(node, ast.ClassDef)
        return facts.own_class(func.value, scope) is not None
    return False
