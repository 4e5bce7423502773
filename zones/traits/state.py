"""Decide what a trait keeps: nothing, plain numbers, or more than the trait memory can hold.

Owns: none | carried | volatile, the attributes with their places in the memory, constants, names of
moods and traits that the source says. Does not own: kinds (`inference.py`), state that is not on
`self` (`lasting.py`), the memory itself (`zones/world`).

Conservative: what is not certainly plain numbers, set by __init__ on every path, is volatile. That
costs such a trait its memory at a succession, and never more. A trait is *begun* (its bit in
`ready` is set by its first call without a failure) if it has an __init__ or carried attributes;
in any other trait the bit stays as it is.
"""

import ast
from dataclasses import dataclass
from typing import Final

from zones.traits import contract, kinds
from zones.traits.inference import infer_names
from zones.traits.kinds import NOTHING, Kind, join
from zones.traits.lasting import Found, find_lasting
from zones.traits.scopes import Function, Names, is_static
from zones.traits.verdict import Attribute, Checked

_OTHERS: Final = frozenset(("traits", "color", "id"))
TEXTS_MAX: Final = 16
"""Moods that are taken from a source when it is not plain which texts are assigned."""


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What `Checked` says of state; see there."""

    state: str
    why_volatile: str = ""
    attributes: tuple[Attribute, ...] = ()
    constants: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()


def study(tree: ast.Module, class_def: ast.ClassDef) -> StateFacts:
    """Return what a trait keeps. The tree has passed the validator; it is not changed."""
    moods, traits = find_moods(tree), find_traits(tree)
    names = infer_names(tree, class_def)
    if names is None:
        why = f"line {class_def.lineno}: the source is too intricate to follow"
        return StateFacts(contract.VOLATILE, why, moods=moods, traits=traits)
    found = find_lasting(tree, class_def, list(names.foreign))
    constants = _find_constants(class_def)
    attributes: list[Attribute] = []
    troubles = [found] if found else []
    always_set = _always_set(class_def)
    for name, kind in names.attributes.items():
        if name in constants:
            continue
        trouble = _trouble_of(name, kind, names, always_set, class_def)
        if trouble:
            troubles.append(trouble)
        else:
            attributes.append(Attribute(name, _name_of(join(kind, _class_kind(names, name)))))
    if len(attributes) > contract.MEMORY_SLOTS:
        troubles.append(
            (class_def.lineno, f"{len(attributes)} numbers on self, {contract.MEMORY_SLOTS} fit")
        )
    if troubles:
        line, why = min(troubles)
        return StateFacts(
            contract.VOLATILE,
            f"line {line}: {why}",
            constants=constants,
            moods=moods,
            traits=traits,
        )
    state = contract.CARRIED if attributes else contract.NONE
    return StateFacts(state, "", tuple(attributes), constants, moods, traits)


def find_init(class_def: ast.ClassDef) -> Function | None:
    """Return the __init__ of a trait."""
    for each in class_def.body:
        if isinstance(each, Function) and each.name == "__init__":
            return each
    return None


def find_trait_class(tree: ast.Module) -> ast.ClassDef:
    """Return the one class that derives from `Trait`."""
    for each in tree.body:
        if isinstance(each, ast.ClassDef) and any(
            isinstance(base, ast.Name) and base.id == "Trait" for base in each.bases
        ):
            return each
    raise AssertionError("a checked source has a trait")


def is_begun(checked: Checked) -> bool:
    """Tell whether the first call for an entity runs __init__ or sets the memory."""
    return bool(checked.attributes) or find_init(find_trait_class(checked.tree)) is not None


def _class_kind(names: Names, name: str) -> Kind:
    return names.class_kinds.get(name, NOTHING)


def _name_of(kind: Kind) -> str:
    if kind.mask & kinds.FLOAT:
        return "float"
    return "int" if kind.mask & kinds.INT else "bool"


def _trouble_of(
    name: str, kind: Kind, names: Names, always_set: frozenset[str], class_def: ast.ClassDef
) -> Found | None:
    """Say why an attribute cannot be carried."""
    line = _line_of(name, class_def)
    if name in names.methods:
        return line, f"self.{name} replaces a method"
    of_class = _class_kind(names, name)
    if not kinds.is_number(kind) or (of_class.mask and not kinds.is_number(of_class)):
        return line, f"self.{name} is not certainly a plain number"
    if name not in always_set and not of_class.mask:
        return line, f"self.{name} is not set by __init__ on every path"
    return None


def _line_of(name: str, class_def: ast.ClassDef) -> int:
    stores = [
        each.lineno
        for each in ast.walk(class_def)
        if isinstance(each, ast.Attribute) and each.attr == name and isinstance(each.ctx, ast.Store)
    ]
    return min(stores, default=class_def.lineno)


# What __init__ sets.


def _self_name(function: Function) -> str:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[0].arg if arguments and not is_static(function) else ""


def _always_set(class_def: ast.ClassDef) -> frozenset[str]:
    """Return attributes that __init__ sets whichever way it takes."""
    init = find_init(class_def)
    methods = {each.name: each for each in class_def.body if isinstance(each, Function)}
    if init is None or _returns_early(init):
        return frozenset()
    return _set_by(init, methods, frozenset())


def _returns_early(init: Function) -> bool:
    return any(isinstance(each, ast.Return) for each in ast.walk(init))


def _set_by(
    function: Function, methods: dict[str, Function], within: frozenset[str]
) -> frozenset[str]:
    return _set_in(function.body, _self_name(function), methods, within | {function.name})


def _set_in(
    body: list[ast.stmt], owner: str, methods: dict[str, Function], within: frozenset[str]
) -> frozenset[str]:
    result: frozenset[str] = frozenset()
    for statement in body:
        match statement:
            case ast.Assign(targets):
                for target in targets:
                    result |= _targets_of(target, owner)
            case ast.AnnAssign(target, value=ast.expr()):
                result |= _targets_of(target, owner)
            case ast.If(_, body, orelse):
                ways = [_set_in(each, owner, methods, within) for each in (body, orelse)]
                result |= ways[0] & ways[1]
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), method))) if name == owner:
                called = methods.get(method)
                if called is None or method in within or called.decorator_list:
                    continue
                if isinstance(called, ast.FunctionDef) and not any(
                    isinstance(each, ast.Return | ast.Yield) for each in ast.walk(called)
                ):
                    result |= _set_by(called, methods, within)
            case _:
                pass
    return result


def _targets_of(target: ast.expr, owner: str) -> frozenset[str]:
    match target:
        case ast.Attribute(ast.Name(name), attribute) if name == owner:
            return frozenset((attribute,))
        case ast.Tuple(elements) | ast.List(elements):
            return frozenset().union(*(_targets_of(each, owner) for each in elements))
    return frozenset()


def _find_constants(class_def: ast.ClassDef) -> tuple[str, ...]:
    """Return attributes that __init__ sets once, to constants, and that nothing else sets."""
    init = find_init(class_def)
    if init is None or is_static(init) or _returns_early(init):
        return ()
    owner = _self_name(init)
    stores = [
        each.attr
        for each in ast.walk(class_def)
        if isinstance(each, ast.Attribute)
        and not isinstance(each.ctx, ast.Load)
        and isinstance(each.value, ast.Name)
    ]
    result = []
    for statement in init.body:
        match statement:
            case ast.Assign([ast.Attribute(ast.Name(name), attribute)], value) | ast.AnnAssign(
                ast.Attribute(ast.Name(name), attribute), _, ast.expr() as value
            ) if name == owner and stores.count(attribute) == 1 and _is_constant(value):
                result.append(attribute)
            case _:
                pass
    return tuple(result)


def _is_constant(node: ast.expr) -> bool:
    """Tell whether an expression is made of literals alone, so that each run gives the same."""
    match node:
        case ast.Constant(value):
            return isinstance(value, int | float | str | None)
        case ast.UnaryOp(ast.USub() | ast.UAdd() | ast.Not(), operand):
            return _is_constant(operand)
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right):
            return _is_constant(left) and _is_constant(right)
        case ast.Attribute(ast.Name("math"), "pi" | "tau" | "e" | "inf"):
            return True
        case ast.Tuple(elements):
            return all(_is_constant(each) for each in elements)
    return False


# Names that the source says.


def find_moods(tree: ast.Module) -> tuple[str, ...]:
    """Return names that are assigned to `state` or compared with, in the order of the source.

    Where a name, a call or the like is assigned, any text of the source that could be a mood is
    taken, up to TEXTS_MAX. A source that never says `.state` has none.
    """
    nodes = list(ast.walk(tree))
    if not any(_is_state(node) for node in nodes):
        return ()
    found: dict[str, tuple[int, int]] = {}
    stores = sum(
        isinstance(getattr(node, "ctx", None), ast.Store) for node in nodes if _is_state(node)
    )
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            plain = sum(map(_is_state, targets))
            if plain and _collect_texts(node.value, found):
                stores -= plain
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if not any(isinstance(each, ast.Attribute) and each.attr in _OTHERS for each in sides):
                for each in sides:
                    _collect_texts(each, found)
        elif isinstance(node, ast.MatchValue):
            _collect_texts(node.value, found)
    if stores:  # what is assigned is not plain
        docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and id(node) not in docs and len(found) < TEXTS_MAX:
                _collect_texts(node, found)
    return tuple(sorted(found, key=lambda name: found[name])[: contract.MOODS])


def _is_state(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "state"


def _collect_texts(node: ast.expr, found: dict[str, tuple[int, int]]) -> bool:
    """Add the texts that a value may be; False if there may be others."""
    match node:
        case ast.Constant(str() as text):
            if text.isidentifier() and len(text.encode()) <= contract.MOOD_BYTES:
                place = (node.lineno, node.col_offset)
                found[text] = min(found.get(text, place), place)
            return True
        case ast.Constant():
            return True
        case ast.IfExp(_, body, orelse):
            plain = _collect_texts(body, found)
            return _collect_texts(orelse, found) and plain
        case ast.BoolOp(_, values) | ast.Tuple(values) | ast.List(values) | ast.Set(values):
            return all([_collect_texts(each, found) for each in values])
        case ast.Attribute(_, "state"):
            return True
    return False


def find_traits(tree: ast.Module) -> tuple[str, ...]:
    """Return literals that are looked for in `traits`, in the order of the source."""
    found: dict[str, tuple[int, int]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ast.Constant(str() as text), [ast.In() | ast.NotIn()], [holder]):
                if isinstance(holder, ast.Attribute) and holder.attr == "traits":
                    place = (node.lineno, node.col_offset)
                    found[text] = min(found.get(text, place), place)
            case _:
                pass
    return tuple(sorted(found, key=lambda text: found[text]))
