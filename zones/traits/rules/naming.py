"""What names a source may bind, and what attributes it may touch.

Owns: the form of names. Does not own: what a name stands for (`scopes.py`), the lists (`names.py`).
Pure. The parser has normalised identifiers (NFKC) before any of this sees them.
"""

import ast

from zones.traits import names
from zones.traits.rules.refusing import refuse, shown
from zones.traits.rules.scopes import CLASS, MODULE, Scope


def is_dunder(name: str) -> bool:
    """Tell whether Python itself gives a name its meaning."""
    return len(name) > 4 and name.startswith("__") and name.endswith("__")


def is_private(name: str) -> bool:
    """Tell whether a class mangles a name."""
    return name.startswith("__") and not name.endswith("__")


def is_sunder(name: str) -> bool:
    """Tell whether an enum gives a name its meaning."""
    return len(name) > 2 and name[0] == name[-1] == "_" and not is_dunder(name)


def check_reserved(name: str, node: ast.AST, classes: tuple[str, ...] = ()) -> None:
    """Refuse names of the prefix that is kept for facades, as they are after mangling, too.

    Args:
        classes: names of the classes around the node, the innermost last.
    """
    mangled = f"_{classes[-1].lstrip('_')}{name}" if classes and is_private(name) else name
    if name.startswith(names.RESERVED_PREFIX) or mangled.startswith(names.RESERVED_PREFIX):
        raise refuse("name", node, f"{shown(name)} begins like names that are kept for molt")


def check_binding(name: str, node: ast.AST, scope: Scope, classes: tuple[str, ...]) -> None:
    """Refuse to bind a name in a scope.

    Raises:
        Refusal: rule "dunder", "name" or "rebinding".
    """
    check_reserved(name, node, classes)
    if scope.kind == CLASS:
        check_member(name, node)
        return
    if is_dunder(name):
        if scope.kind == MODULE and name in names.DUNDER_MODULE_VARIABLES:
            return
        raise refuse("dunder", node, f"{shown(name)} cannot be bound here: use another name")
    if is_private(name):
        raise refuse("name", node, f"{shown(name)} with two underscores is for attributes only")
    if name == names.TRAIT:
        raise refuse("rebinding", node, "Trait is supplied: leave yours out")
    if name in names.NEVER_BOUND:
        raise refuse("rebinding", node, f"{shown(name)} cannot be a name of yours: use another")
    is_known = name in names.BUILTINS or name in names.NAMES_REFUSED
    if is_known and (scope.kind == MODULE or scope.declared.get(name) == "global"):
        raise refuse("rebinding", node, f"{shown(name)} is a builtin: use another name here")


def check_member(name: str, node: ast.AST) -> None:
    """Refuse to bind a name in a class body. Dunders are judged by who knows what they are."""
    if not is_dunder(name):
        check_attribute(name, node)


def check_attribute(name: str, node: ast.AST) -> None:
    """Refuse names that no attribute may have, defined or not.

    Raises:
        Refusal: rule "attribute" or "dunder".
    """
    if is_dunder(name):
        raise refuse("dunder", node, f"the attribute {shown(name)} cannot be used")
    if is_sunder(name) and name not in names.SUNDERS_DEFINED:
        raise refuse("attribute", node, f"the attribute {shown(name)} cannot be used")
    if name in names.ATTRIBUTES_REFUSED:
        advice = "call it another name" if "format" in name else "a trait does not look inside"
        raise refuse("attribute", node, f"the attribute {shown(name)} cannot be used: {advice}")
    check_reserved(name, node)
