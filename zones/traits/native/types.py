"""Types that the values of a native trait have, and how they lie in registers.

Owns: the lattice of types and its joins, the machine types of each. Does not own: finding them
(`emitter.py` and those who use it).

A variable has one type for all of its function. What is a float on one way and an int or None on
another is kept with a tag, and looked at where it matters: so nothing is ever converted that Python
would not convert.
"""

import ast
from dataclasses import dataclass
from typing import Any, Final

BOOL: Final = 1
INT: Final = 2
FLOAT: Final = 4
NONE: Final = 8
_NAMES: Final = {BOOL: "a bool", INT: "an int", FLOAT: "a float", NONE: "None"}

TAG_NONE: Final = 0
TAG_INT: Final = 1
TAG_FLOAT: Final = 2


class Mismatch(Exception):
    """Two types have no common one."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type of values; `Type()` is that of code that never gives one."""

    @property
    def machine(self) -> tuple[str, ...]:
        """Return the types of the registers that hold a value."""
        match self:
            case Scalar(mask):
                return _SCALAR_MACHINE.get(mask, ("i8", "i64"))
            case Ref():
                return ("i64",)
            case TupleType(items, may_be_none):
                inner = tuple([part for item in items for part in item.machine])
                return ("i1", *inner) if may_be_none else inner
            case ListType():
                return ("ptr",)
        return ()

    def named(self) -> str:
        """Return what it is, for people."""
        match self:
            case Scalar(mask):
                return " or ".join(name for bit, name in _NAMES.items() if mask & bit)
            case Ref(kind, may_be_none):
                return f"{_REF_NAMES[kind]}{' or None' if may_be_none else ''}"
            case TupleType(items, may_be_none):
                return f"a tuple of {len(items)}{' or None' if may_be_none else ''}"
            case ListType(_, may_be_none):
                return f"a list{' or None' if may_be_none else ''}"
            case OwnType():
                return "the entity"
            case FunctionType():
                return "a function"
        return "nothing"


@dataclass(frozen=True, slots=True)
class Scalar(Type):
    """A number, a bool or None.

    Args:
        mask: which of them it may be. More than one: a tag and 64 bits.
    """

    mask: int


_SCALAR_MACHINE: Final = {BOOL: ("i1",), INT: ("i64",), FLOAT: ("double",), NONE: ()}


@dataclass(frozen=True, slots=True)
class Ref(Type):
    """Something that is known by a number; -1 is None.

    Args:
        kind: "entity" (its slot), "resource" (number of its place), "text" (of a literal of the
            source), "mood" (its code), "colour", "id", "names" (bits of trait slots), "painted" (a
            colour that was built, negative if it is none).
        may_be_none: else it is never -1.
    """

    kind: str
    may_be_none: bool = False


_REF_NAMES: Final = {
    "entity": "another entity",
    "resource": "a resource",
    "text": "a text",
    "mood": "a state",
    "colour": "a colour",
    "id": "an id",
    "names": "names of traits",
    "painted": "a colour",
}


@dataclass(frozen=True, slots=True)
class TupleType(Type):
    """A tuple of a fixed length; with `may_be_none` a bit tells whether there is one."""

    items: tuple[Type, ...]
    may_be_none: bool = False


@dataclass(frozen=True, slots=True)
class ListType(Type):
    """A list: address of its length and items.

    Args:
        sites: numbers of the places of the source where it may have been made (`lists.py`).
    """

    sites: frozenset[int]
    may_be_none: bool = False


@dataclass(frozen=True, slots=True)
class OwnType(Type):
    """The entity that `execute` is given."""


@dataclass(frozen=True, slots=True)
class FunctionType(Type):
    """A function of the source, known when it is compiled.

    Args:
        frame: number of the frame that it was made in.
        is_method: it is given `self`.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    frame: int
    is_method: bool = False


UNKNOWN: Final = Type()
IS_BOOL: Final = Scalar(BOOL)
IS_INT: Final = Scalar(INT)
IS_FLOAT: Final = Scalar(FLOAT)
IS_NONE: Final = Scalar(NONE)
IS_OWN: Final = OwnType()


@dataclass(slots=True)
class Value:
    """A value while code is being written.

    Args:
        parts: registers or constants, by `type.machine`.
        literal: the value itself where the source tells it, else `UNTOLD`.
        is_small: an int that a float holds exactly.
    """

    type: Type
    parts: tuple[str, ...] = ()
    literal: Any = ...
    is_small: bool = False


UNTOLD: Final = ...


def join(one: Type, two: Type) -> Type:
    """Return the type of what may be either.

    Raises:
        Mismatch: there is none.
    """
    if two in (one, UNKNOWN):
        return one
    if one == UNKNOWN:
        return two
    if isinstance(one, Scalar) and isinstance(two, Scalar):
        return Scalar(_settle(one.mask | two.mask))
    for left, right in ((one, two), (two, one)):
        if left == IS_NONE and isinstance(right, Ref | TupleType | ListType):
            return _with_none(right)
    match one, two:
        case Ref(), Ref() if one.kind == two.kind:
            return Ref(one.kind, one.may_be_none or two.may_be_none)
        case ListType(), ListType():
            return ListType(one.sites | two.sites, one.may_be_none or two.may_be_none)
        case TupleType(), TupleType() if len(one.items) == len(two.items):
            items = tuple(join(a, b) for a, b in zip(one.items, two.items, strict=True))
            return TupleType(items, one.may_be_none or two.may_be_none)
    raise Mismatch(f"{one.named()} on one way and {two.named()} on another")


def _settle(mask: int) -> int:
    """Let a bool among others be an int: no trait can tell."""
    return mask if mask == BOOL or not mask & BOOL else (mask & ~BOOL) | INT


def _with_none(kind: Ref | TupleType | ListType) -> Type:
    match kind:
        case Ref():
            return Ref(kind.kind, True)
        case TupleType():
            return TupleType(kind.items, True)
    return ListType(kind.sites, True)
