"""Whether loading a source certainly succeeds: the bodies of its module and its classes.

Owns: the check. Does not own: what constants are worth in machine code (`expressions.py`).

The interpreted tier runs these bodies once, when a trait is loaded, and a body that fails makes a
trait that cannot be loaded. Machine code has no such moment: it works constants out where they are
used, or never. So a trait is native only if each is worth the same whenever it is worked out, costs
nothing, and cannot fail: found here by working it out.
"""

import ast
import builtins
import math
import operator
from collections.abc import Callable
from typing import Any, Final

from zones.traits.native.faults import NotNative

_BITS: Final = 64
_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
_CALLED: Final[dict[str, Callable[..., Any]]] = {
    "abs": abs,
    "float": float,
    "int": int,
    "round": round,
    "bool": bool,
}
_COMPARED: Final[dict[str, Callable[..., Any]]] = {"max": max, "min": min}
_TYPES: Final = frozenset(("dict", "float", "frozenset", "int", "list", "set", "str", "tuple"))
_NOT_SCALAR: Final = frozenset(("dist", "fsum", "prod", "factorial", "comb", "perm"))
_BUILT_IN: Final = type(math.sqrt)
OTHER: Final = object()
"""What is bound for certain, and is no number, text or tuple of them: a function, a type."""
Known = dict[str, Any]


def check_loading(tree: ast.Module) -> None:
    """See that the bodies of the module and its classes cannot fail.

    Raises:
        NotNative: one may, or costs something.
    """
    known: Known = {"Trait": OTHER, "object": OTHER}
    for statement in tree.body:
        _check(statement, known, known)


def _check(node: ast.stmt, known: Known, around: Known) -> None:
    """Check one statement of a body; `known` learns what it binds."""
    match node:
        case ast.Expr(ast.Constant()) | ast.Pass() | ast.AnnAssign(value=None):
            pass
        case ast.Import(names) | ast.ImportFrom(names=names):
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            for alias in names:
                is_typing = module in {"typing", "collections.abc"}
                bound = alias.asname or alias.name.partition(".")[0]
                known[bound] = _Typing if is_typing else _module(module, alias.name)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                _worth(default, known)
            known[node.name] = OTHER
        case ast.ClassDef(bases=bases, decorator_list=[], keywords=[]):
            for base in bases:
                if not (isinstance(base, ast.Name) and (base.id in known or _is_error(base.id))):
                    raise _refusal(base, "a class that is derived")
            inside = dict(known)
            for statement in node.body:
                _check(statement, inside, known)
            known[node.name] = OTHER
        case ast.ClassDef():
            raise _refusal(node, f"class {node.name}")
        case ast.Assign(targets, value):
            for target in targets:
                _bind(target, value, known)
        case ast.AnnAssign(target, _, value) if value is not None:
            _bind(target, value, known)
        case _:
            raise _refusal(node, "this in the body of a module or class")


def _bind(target: ast.expr, value: ast.expr, known: Known) -> None:
    if isinstance(target, ast.Name):
        known[target.id] = _worth(value, known)
        return
    if not (isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)):
        raise _refusal(target, "a constant that is bound so")
    if len(target.elts) != len(value.elts):
        raise _refusal(target, "a constant that is bound so")
    worth = [_worth(each, known) for each in value.elts]
    for each, one in zip(target.elts, worth, strict=True):
        if not isinstance(each, ast.Name):
            raise _refusal(each, "a constant that is bound so")
        known[each.id] = one


def _worth(node: ast.expr, known: Known) -> Any:
    """Return what an expression is worth."""
    try:
        worth = _work_out(node, known)
    except (ArithmeticError, ValueError, TypeError):
        raise _refusal(node, "a constant that cannot be worked out") from None
    if type(worth) is int and not -(1 << _BITS - 1) <= worth < 1 << _BITS - 1:
        raise _refusal(node, "a constant beyond 64 bits")
    if isinstance(worth, complex):
        raise _refusal(node, "a constant that cannot be worked out")
    return worth


def _work_out(node: ast.expr, known: Known) -> Any:
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name) if name in known:
            return known[name]
        case ast.Name(name) if name in _TYPES or _is_error(name):
            return OTHER
        case ast.Lambda():
            for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                _worth(default, known)
            return OTHER
        case ast.Tuple(items) | ast.List(items):
            return tuple(_worth(each, known) for each in items)
        case ast.Dict(keys, values):
            for key, of_key in zip(keys, values, strict=True):
                if key is None or any(isinstance(part, ast.List) for part in ast.walk(key)):
                    raise _refusal(node, "a dict with such a key")
                _worth(key, known)
                _worth(of_key, known)
            return OTHER
        case ast.UnaryOp(sign, operand):
            return _UNARY[type(sign)](_number(operand, known))
        case ast.BinOp(left, sign, right) if type(sign) in _BINARY:
            one, two = _number(left, known), _number(right, known)
            if isinstance(sign, ast.Pow | ast.LShift) and _is_large(one, two):
                raise _refusal(node, "a constant beyond 64 bits")
            return _BINARY[type(sign)](one, two)
        case ast.Attribute(ast.Name(name), constant) if known.get(name) is math:
            worth = getattr(math, constant)
            return worth if isinstance(worth, float) else OTHER
        case ast.Call():
            return _called(node, known)
        case ast.Subscript(base, part) if _is_type(base, known) and _is_type(part, known):
            return OTHER
    raise _refusal(node, "a constant of this kind")


def _called(node: ast.Call, known: Known) -> Any:
    values = [_number(each, known) for each in node.args if not isinstance(each, ast.Starred)]
    if node.keywords or len(values) < len(node.args) or not values:
        raise _refusal(node, "a constant that is called so")
    function: Callable[..., Any] | None = None
    match node.func:
        case ast.Name(name) if name in _CALLED and name not in known:
            return _CALLED[name](*values)
        case ast.Name(name) if name in _COMPARED and name not in known and len(values) > 1:
            return _COMPARED[name](*values)
        case ast.Attribute(ast.Name(base), name) if known.get(base) is math:
            function = getattr(math, name, None)
        case ast.Name(name) if isinstance(known.get(name), _BUILT_IN):
            function = known[name]
        case _:
            pass
    if function is None or function.__name__ in _NOT_SCALAR:
        raise _refusal(node, "a constant that is called so")
    return function(*values)


class _Typing:
    """Stands for a name of `typing`."""


def _module(module: str, name: str) -> Any:
    """Return what an import binds: `math`, one of its functions or numbers, or something else."""
    if not module:
        return math if name == "math" else OTHER
    return getattr(math, name, OTHER) if module == "math" else OTHER


def _number(node: ast.expr, known: Known) -> Any:
    worth = _worth(node, known)
    if not isinstance(worth, int | float):
        raise _refusal(node, "a constant that is worked out from no number")
    return worth


def _is_large(one: float, two: float) -> bool:
    """Tell whether a power or shift of ints is far beyond what can be worked out."""
    return isinstance(one, int) and isinstance(two, int) and abs(two) > _BITS and abs(one) > 1


def _is_type(node: ast.expr, known: Known) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name(name):
            return known.get(name) is _Typing or (name in _TYPES and name not in known)
        case ast.Tuple(items) | ast.List(items):
            return all(_is_type(each, known) for each in items)
        case ast.Subscript(base, part):
            return _is_type(base, known) and _is_type(part, known)
    return False


def _is_error(name: str) -> bool:
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, Exception)


def _refusal(node: ast.AST, what: str) -> NotNative:
    return NotNative(getattr(node, "lineno", 0), what)
