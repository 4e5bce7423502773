"""Values as another type that holds them: numbers, truth, None.

Owns: how a value is kept as a wider type, read as a float or an int, judged true or false.
"""

from zones.traits.native.code import real, zero_of
from zones.traits.native.emitter import Emitter
from zones.traits.native.types import (
    BOOL,
    FLOAT,
    INT,
    IS_BOOL,
    IS_FLOAT,
    IS_INT,
    IS_NONE,
    NONE,
    TAG_FLOAT,
    TAG_INT,
    TAG_NONE,
    UNKNOWN,
    FunctionType,
    ListType,
    OwnType,
    Ref,
    Scalar,
    TupleType,
    Type,
    Value,
)

SMALL: int = 1 << 53


def convert(e: Emitter, value: Value, kind: Type) -> tuple[str, ...]:
    """Return the registers of a value as those of a type that `join` made of its own."""
    if value.type == kind:
        return value.parts
    if value.type == UNKNOWN:
        return tuple(zero_of(each) for each in kind.machine)
    match kind:
        case Scalar() if isinstance(value.type, Scalar):
            return _convert_scalar(e, value, kind)
        case Ref():
            return ("-1",) if value.type == IS_NONE else value.parts
        case ListType():
            return ("null",) if value.type == IS_NONE else value.parts
        case TupleType():
            return _convert_tuple(e, value, kind)
    raise AssertionError(f"{value.type} is no {kind}")


def _convert_scalar(e: Emitter, value: Value, kind: Scalar) -> tuple[str, ...]:
    mask = value.type.mask if isinstance(value.type, Scalar) else 0
    if kind.mask == INT:
        assert mask == BOOL
        return (as_int(e, value),)
    if mask == NONE:
        return (str(TAG_NONE), "0")
    if mask == FLOAT:
        return (str(TAG_FLOAT), e.code.emit(f"bitcast double {value.parts[0]} to i64"))
    if mask in (INT, BOOL):
        return (str(TAG_INT), as_int(e, value))
    return value.parts


def _convert_tuple(e: Emitter, value: Value, kind: TupleType) -> tuple[str, ...]:
    if value.type == IS_NONE:
        return ("false", *(zero_of(each) for each in kind.machine[1:]))
    assert isinstance(value.type, TupleType)
    parts: list[str] = []
    for item, wanted in zip(items_of(value), kind.items, strict=True):
        parts += convert(e, item, wanted)
    if not kind.may_be_none:
        return tuple(parts)
    return (value.parts[0] if value.type.may_be_none else "true", *parts)


def items_of(value: Value) -> list[Value]:
    """Return the items of a tuple that is surely there."""
    assert isinstance(value.type, TupleType)
    at = 1 if value.type.may_be_none else 0
    items = []
    literal = value.literal if isinstance(value.literal, tuple) else None
    for place, kind in enumerate(value.type.items):
        size = len(kind.machine)
        told = literal[place] if literal is not None else ...
        items.append(Value(kind, value.parts[at : at + size], told))
        at += size
    return items


def tuple_of(items: list[Value]) -> Value:
    """Return a tuple of values."""
    kind = TupleType(tuple(each.type for each in items))
    told = [each.literal for each in items]
    literal = tuple(told) if all(each is not ... for each in told) else ...
    return Value(kind, tuple(part for each in items for part in each.parts), literal)


def constant(e: Emitter, value: object) -> Value:
    """Return a number, a bool or None of the source."""
    if value is None:
        return Value(IS_NONE, (), None)
    if isinstance(value, bool):
        return Value(IS_BOOL, ("true" if value else "false",), value)
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise e.refuse("a whole number beyond 64 bits")
        return Value(IS_INT, (str(value),), value, abs(value) <= SMALL)
    if isinstance(value, float):
        return Value(IS_FLOAT, (real(value),), value)
    raise e.refuse(f"a literal of type {type(value).__name__}")


def whole(register: str, is_small: bool = False) -> Value:
    """Return an int."""
    return Value(IS_INT, (register,), ..., is_small)


def floating(register: str) -> Value:
    """Return a float."""
    return Value(IS_FLOAT, (register,))


def bit(register: str) -> Value:
    """Return a bool."""
    return Value(IS_BOOL, (register,))


def mask_of(value: Value) -> int:
    """Return which scalars it may be; 0 for anything else."""
    return value.type.mask if isinstance(value.type, Scalar) else 0


def without_none(e: Emitter, value: Value, raised: str = "TypeError") -> Value:
    """Return what is left of a value once None has raised an exception."""
    mask = mask_of(value)
    if mask == NONE:
        return e.fault(raised)
    if mask & NONE:
        return narrowed(e, value, mask & ~NONE, raised)
    match value.type:
        case Ref(kind, True):
            e.fault_unless(e.code.emit(f"icmp ne i64 {value.parts[0]}, -1"), raised)
            return Value(Ref(kind), value.parts)
        case ListType(sites, True):
            e.fault_unless(e.code.emit(f"icmp ne ptr {value.parts[0]}, null"), raised)
            return Value(ListType(sites), value.parts)
        case TupleType(items, True):
            e.fault_unless(value.parts[0], raised)
            return Value(TupleType(items), value.parts[1:])
    return value


def narrowed(e: Emitter, value: Value, mask: int, raised: str) -> Value:
    """Return a mixed scalar as one of fewer kinds; an exception where it is of another."""
    have = mask_of(value)
    if not have & mask:
        return e.fault(raised)
    if have & ~mask:
        tag = value.parts[0]
        tags = [t for bit_of, t in _TAGS if have & mask & bit_of]
        found = e.code.emit(f"icmp eq i8 {tag}, {tags[0]}")
        for each in tags[1:]:
            again = e.code.emit(f"icmp eq i8 {tag}, {each}")
            found = e.code.emit(f"or i1 {found}, {again}")
        e.fault_unless(found, raised)
    return as_mask(e, value, have & mask)


_TAGS = ((NONE, TAG_NONE), (INT, TAG_INT), (FLOAT, TAG_FLOAT))


def as_mask(e: Emitter, value: Value, mask: int) -> Value:
    """Return a mixed scalar that is known to be of these kinds as such."""
    kind = Scalar(mask)
    if value.type == kind:
        return value
    if mask == NONE:
        return Value(IS_NONE, (), None)
    if mask == INT:
        return whole(value.parts[1])
    if mask == FLOAT:
        return floating(e.code.emit(f"bitcast i64 {value.parts[1]} to double"))
    return Value(kind, value.parts)


def as_int(e: Emitter, value: Value) -> str:
    """Return an int or a bool as i64."""
    if mask_of(value) == BOOL:
        if value.literal is not ...:
            return str(int(value.literal))
        return e.code.emit(f"zext i1 {value.parts[0]} to i64")
    assert mask_of(value) == INT
    return value.parts[0]


def is_float(e: Emitter, value: Value) -> str:
    """Return the bit that tells whether a number of either kind is a float."""
    mask = mask_of(value)
    if mask in (INT, BOOL, FLOAT):
        return "true" if mask == FLOAT else "false"
    return e.code.emit(f"icmp eq i8 {value.parts[0]}, {TAG_FLOAT}")


def as_real(e: Emitter, value: Value) -> str:
    """Return a number as a double, as Python's float() makes it."""
    mask = mask_of(value)
    if mask == FLOAT:
        return value.parts[0]
    if isinstance(value.literal, int) and value.is_small:
        return real(float(value.literal))
    if mask in (INT, BOOL):
        return e.code.emit(f"sitofp i64 {as_int(e, value)} to double")
    direct = e.code.emit(f"bitcast i64 {value.parts[1]} to double")
    made = e.code.emit(f"sitofp i64 {value.parts[1]} to double")
    return e.code.emit(f"select i1 {is_float(e, value)}, double {direct}, double {made}")


def number(e: Emitter, value: Value) -> Value:
    """Return a value that is certainly a number; a TypeError where it is none."""
    if value.type == UNKNOWN:
        return value
    if not isinstance(value.type, Scalar):
        return e.fault("TypeError")
    return without_none(e, value)


def real_argument(e: Emitter, value: Value) -> str | None:
    """Return a number as a double; None if it is certainly a TypeError, which is raised."""
    value = number(e, value)
    return None if value.type == UNKNOWN else as_real(e, value)


def int_argument(e: Emitter, value: Value) -> str | None:
    """Return a whole number as i64; anything else is a TypeError, also a float."""
    value = number(e, value)
    if value.type == UNKNOWN:
        return None
    if mask_of(value) & FLOAT:
        value = narrowed(e, value, INT, "TypeError")
        if value.type == UNKNOWN:
            return None
    return as_int(e, value)


def truth(e: Emitter, value: Value) -> str:
    """Return the bit that Python's bool() gives."""
    match value.type:
        case Scalar(mask):
            return _truth_of_scalar(e, value, mask)
        case Ref(kind, may_be_none):
            return _truth_of_ref(e, value, kind, may_be_none)
        case TupleType(items, may_be_none):
            if not items:
                return "false"
            return value.parts[0] if may_be_none else "true"
        case ListType():
            return _truth_of_list(e, value)
        case OwnType() | FunctionType():
            return "true"
    return "false"


def _truth_of_scalar(e: Emitter, value: Value, mask: int) -> str:
    if mask == NONE:
        return "false"
    if mask == BOOL:
        return value.parts[0]
    if mask == INT:
        return e.code.emit(f"icmp ne i64 {value.parts[0]}, 0")
    if mask == FLOAT:
        return e.code.emit(f"fcmp une double {value.parts[0]}, 0.0")
    # None has no bits set, an int is true if any is, of a float -0.0 is false too.
    some = e.code.emit(f"icmp ne i64 {value.parts[1]}, 0")
    if not mask & FLOAT:
        return some
    decimal = e.code.emit(f"bitcast i64 {value.parts[1]} to double")
    nonzero = e.code.emit(f"fcmp une double {decimal}, 0.0")
    return e.code.emit(f"select i1 {is_float(e, value)}, i1 {nonzero}, i1 {some}")


def _truth_of_ref(e: Emitter, value: Value, kind: str, may_be_none: bool) -> str:
    if kind == "text":
        raise e.refuse("the truth of a text")
    if kind == "names":
        return e.code.emit(f"icmp ne i64 {value.parts[0]}, 0")
    return e.code.emit(f"icmp ne i64 {value.parts[0]}, -1") if may_be_none else "true"


def _truth_of_list(e: Emitter, value: Value) -> str:
    assert isinstance(value.type, ListType)
    address = value.parts[0]
    if not value.type.may_be_none:
        return e.code.emit(f"icmp ne i64 {e.code.load('i64', address)}, 0")
    # None lies at address null: an empty length is read for it instead.
    empty = e.code.slot("i64")
    e.code.entry.append(f"store i64 0, ptr {empty}")
    there = e.code.emit(f"icmp ne ptr {address}, null")
    place = e.code.emit(f"select i1 {there}, ptr {address}, ptr {empty}")
    return e.code.emit(f"icmp ne i64 {e.code.load('i64', place)}, 0")
