"""What a class may be: bases, keywords, body, and the one class that is the trait.

Owns: class statements but for the expressions in them, which the walk judges. Does not own:
decorators (`decorators.py`).
"""

import ast
from typing import Final

from zones.traits import names
from zones.traits.rules.facts import Facts, texts
from zones.traits.rules.naming import check_attribute, is_dunder, is_sunder
from zones.traits.rules.refusing import refuse, shown
from zones.traits.rules.scopes import Scope, all_arguments

_BODY: Final = (
    ast.Assign,
    ast.AnnAssign,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Pass,
)
_ENUM_METHODS: Final = "an enum method may be _missing_ or _generate_next_value_"


def find_trait(tree: ast.Module, facts: Facts) -> ast.ClassDef:
    """Return the trait's class.

    Raises:
        Refusal: rule "trait": there is none, or more than one.
    """
    top = facts.scopes.top
    found: list[ast.ClassDef] = []
    for node, scope in facts.scopes.of.items():
        if not isinstance(node, ast.ClassDef):
            continue
        around = scope.parent or top
        for base in node.bases:
            if facts.builtin(base, around) == names.TRAIT:
                found.append(node)
                if node not in tree.body:
                    raise refuse("trait", node, "the trait's class stands at the top of the module")
            own = facts.own_class(base, around)
            if own is not None and any(
                facts.builtin(each, top) == names.TRAIT for each in own.bases
            ):
                raise refuse("trait", node, "a module holds one trait: nothing derives from it")
    if not found:
        raise refuse("trait", tree, "a module holds one class that derives from Trait")
    if len(found) > 1:
        raise refuse("trait", found[1], "a module holds one class that derives from Trait")
    check_trait(found[0])
    return found[0]


def check_trait(node: ast.ClassDef) -> None:
    """Refuse a trait's class without `async def execute(self, entity)`.

    Raises:
        Refusal: rule "trait".
    """
    named = [each for each in node.body if getattr(each, "name", "") == "execute"]
    if len(named) != 1 or not isinstance(named[0], ast.AsyncFunctionDef):
        where = named[-1] if named else node
        raise refuse("trait", where, "a trait has one 'async def execute(self, entity)'")
    execute = named[0]
    arguments = execute.args
    count = len(arguments.posonlyargs) + len(arguments.args)
    if count != 2 or len(all_arguments(arguments)) != 2 or arguments.defaults:
        raise refuse("trait", execute, "execute takes self and entity, nothing else")
    if execute.decorator_list:
        raise refuse("trait", execute, "execute takes no decorator")
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            required = len(each.args.posonlyargs) + len(each.args.args) - len(each.args.defaults)
            wanted = any(default is None for default in each.args.kw_defaults)
            if required > 1 or wanted:
                raise refuse("trait", each, "a trait is made without arguments: __init__(self)")


def check_class(node: ast.ClassDef, facts: Facts, scope: Scope) -> None:
    """Refuse bases, keywords and statements of a class.

    Args:
        scope: around the class.

    Raises:
        Refusal: rule "base", "keyword", "class-body", "dunder" or "attribute".
    """
    for keyword in node.keywords:
        literal = isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool)
        typed = any(_base_name(base, facts, scope) == "TypedDict" for base in node.bases)
        if keyword.arg != "total" or not literal or not typed:
            raise refuse("keyword", node, "a class takes no keywords and no metaclass")
    is_enum = node.name in facts.enums
    for base in node.bases:
        _check_base(base, facts, scope, is_enum)
    members = False
    for statement in node.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if not isinstance(statement, _BODY):
            raise refuse(
                "class-body", statement, "a class holds variables, functions and classes only"
            )
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            _check_method(statement, is_enum)
        elif isinstance(statement, ast.ClassDef):
            check_attribute(statement.name, statement)
        elif not isinstance(statement, ast.Pass):
            _check_variable(statement, node, facts)
            members = members or _is_member(statement, facts, scope)
    if is_enum and not members:
        raise refuse("class-body", node, "an enum has at least one member with a literal value")


def _base_name(base: ast.expr, facts: Facts, scope: Scope) -> str:
    """Return the public name of a base that is a builtin or of a module, or ""."""
    library = facts.library(base, scope)
    return library[1] if library is not None else facts.builtin(base, scope)


def _check_base(base: ast.expr, facts: Facts, scope: Scope, is_enum: bool) -> None:
    plain = base.value if isinstance(base, ast.Subscript) else base
    if facts.own_class(plain, scope) is not None:
        if isinstance(plain, ast.Name) and plain.id in facts.enums:
            raise refuse("base", base, "an enum with members has no subclasses")
        return
    word = _base_name(plain, facts, scope)
    allowed = names.BASES | names.CONTAINER_BASES | {names.TRAIT}
    if is_enum:
        allowed = allowed | names.ENUM_MIXINS
    if word not in allowed:
        if isinstance(plain, ast.Call) and facts.library(plain.func, scope) in (
            ("collections", "namedtuple"),
            ("typing", "NamedTuple"),
        ):
            return
        raise refuse(
            "base",
            base,
            "a class derives from classes of yours, exceptions, enums, NamedTuple, "
            "Generic, Protocol or dict: keep anything else in an attribute",
        )


def _check_method(node: ast.FunctionDef | ast.AsyncFunctionDef, is_enum: bool) -> None:
    if is_dunder(node.name):
        if node.name not in names.DUNDERS_DEFINED:
            advice = " (a frozen dataclass has one)" if node.name == "__hash__" else ""
            raise refuse("dunder", node, f"a class here has no {shown(node.name)}{advice}")
        if isinstance(node, ast.AsyncFunctionDef):
            raise refuse("async", node, f"{shown(node.name)} cannot be async")
    elif is_sunder(node.name) and is_enum:
        if node.name not in names.SUNDERS_DEFINED:
            raise refuse("dunder", node, _ENUM_METHODS)
    else:
        check_attribute(node.name, node)


def _check_variable(node: ast.stmt, owner: ast.ClassDef, facts: Facts) -> None:
    assert isinstance(node, ast.Assign | ast.AnnAssign)
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        for each in ast.walk(target):
            if isinstance(each, ast.Attribute | ast.Subscript):
                raise refuse("class-body", node, "a class body sets variables of its own only")
            if isinstance(each, ast.Name):
                _check_variable_name(each.id, node, owner, facts)


def _check_variable_name(
    name: str, node: ast.Assign | ast.AnnAssign, owner: ast.ClassDef, facts: Facts
) -> None:
    if is_sunder(name) and owner.name in facts.enums:
        raise refuse("dunder", node, _ENUM_METHODS)
    if not is_dunder(name):
        check_attribute(name, node)
    elif name in names.DUNDER_VARIABLES:
        if node.value is None or not _is_literal_texts(node.value):
            raise refuse("dunder", node, f"{shown(name)} takes literal names")
        for text in texts(node.value):
            check_attribute(text, node)
    elif not is_alias(node, owner) and not _is_unhashable(name, node):
        raise refuse("dunder", node, f"{shown(name)} cannot be set here: define a method")


def _is_literal_texts(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    return all(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in parts)


def is_alias(node: ast.stmt, owner: ast.ClassDef) -> bool:
    """Tell whether a variable only gives a method of the class a second name (__radd__ = __add__).

    Both are names that a class may define, and the method is defined right there.
    """
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Name):
        return False
    methods = {each.name for each in owner.body if isinstance(each, ast.FunctionDef)}
    known = node.value.id in methods
    return known and all(
        isinstance(each, ast.Name) and each.id in names.DUNDERS_DEFINED for each in node.targets
    )


def _is_unhashable(name: str, node: ast.Assign | ast.AnnAssign) -> bool:
    value = node.value
    return name == "__hash__" and isinstance(value, ast.Constant) and value.value is None


def _is_member(node: ast.stmt, facts: Facts, scope: Scope) -> bool:
    """Tell whether a variable of an enum's body is a member for certain."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    value = node.value
    if isinstance(value, ast.Call):
        library = facts.library(value.func, scope)
        own = facts.own_class(value.func, scope) is not None
        return own or library == ("enum", "auto")
    plain = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple, ast.List, ast.Dict, ast.Set)
    return isinstance(value, plain)
