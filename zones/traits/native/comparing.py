"""Comparisons: numbers by value, None, entities, texts, tuples, and `in`.

Owns: == != < <= > >= is, in. Does not own: what texts of entities are (`texts.py`).
"""

from typing import Final

from zones.traits.native import texts
from zones.traits.native.conversion import (
    as_int,
    as_mask,
    as_real,
    bit,
    is_float,
    items_of,
    mask_of,
    number,
)
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.types import (
    BOOL,
    FLOAT,
    INT,
    IS_NONE,
    NONE,
    TAG_NONE,
    UNKNOWN,
    FunctionType,
    ListType,
    OwnType,
    Ref,
    Scalar,
    TupleType,
    Value,
)

_REALS: Final = {"Eq": "oeq", "NotEq": "une", "Lt": "olt", "LtE": "ole", "Gt": "ogt", "GtE": "oge"}
_INTS: Final = {"Eq": "eq", "NotEq": "ne", "Lt": "slt", "LtE": "sle", "Gt": "sgt", "GtE": "sge"}
_MIXED: Final = {"Eq": "eq", "Lt": "lt", "LtE": "le", "Gt": "gt", "GtE": "ge"}
_TURNED: Final = {"Eq": "Eq", "NotEq": "NotEq", "Lt": "Gt", "LtE": "GtE", "Gt": "Lt", "GtE": "LtE"}


def compare(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> str:
    """Write one comparison and return its bit.

    Args:
        operator: name of its class in `ast`.
    """
    if UNKNOWN in (left.type, right.type):
        return "false"
    if operator in ("Is", "IsNot"):
        return inverted(e, _is(e, left, right), operator == "IsNot")
    if operator in ("In", "NotIn"):
        return inverted(e, contains(e, spot, left, right), operator == "NotIn")
    if operator in ("Eq", "NotEq"):
        return inverted(e, equal(e, spot, left, right), operator == "NotEq")
    if isinstance(left.type, TupleType) and isinstance(right.type, TupleType):
        return _order_tuples(e, spot, operator, left, right)
    if isinstance(left.type, Ref) or isinstance(right.type, Ref):
        raise e.refuse("an order of texts or of entities")
    if isinstance(left.type, ListType) or isinstance(right.type, ListType):
        raise e.refuse("an order of lists")
    left, right = number(e, left), number(e, right)
    if UNKNOWN in (left.type, right.type):
        return "false"
    return order(e, spot, operator, left, right)


def inverted(e: Emitter, condition: str, is_so: bool) -> str:
    """Return the opposite of a bit, if so."""
    return e.code.emit(f"xor i1 {condition}, true") if is_so else condition


def order(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> str:
    """Compare two numbers, which are numbers for certain, by their values."""
    one, two = mask_of(left), mask_of(right)
    if not (one | two) & FLOAT:
        name = _INTS[operator]
        return e.code.emit(f"icmp {name} i64 {as_int(e, left)}, {as_int(e, right)}")
    if one == two == FLOAT or (_is_exact(left) and _is_exact(right)):
        return e.code.emit(
            f"fcmp {_REALS[operator]} double {as_real(e, left)}, {as_real(e, right)}"
        )
    if one == FLOAT and two in (INT, BOOL):
        return _int_with_real(e, _TURNED[operator], as_int(e, right), left.parts[0])
    if two == FLOAT and one in (INT, BOOL):
        return _int_with_real(e, operator, as_int(e, left), right.parts[0])
    return _order_mixed(e, spot, operator, left, right)


def _is_exact(value: Value) -> bool:
    """Tell whether a float holds the number exactly, whichever kind it is."""
    return mask_of(value) in (FLOAT, BOOL) or value.is_small


def _int_with_real(e: Emitter, operator: str, a: str, x: str) -> str:
    if operator == "NotEq":
        return inverted(e, e.call("eq_int_float", a, x)[0], True)
    return e.call(f"{_MIXED[operator]}_int_float", a, x)[0]


def _order_mixed(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> str:
    """Compare two numbers of which one may be of either kind."""
    result = e.temporary(spot, f"order {operator}")
    is_left = mask_of(left) not in (INT, BOOL, FLOAT)
    mixed = left if is_left else right

    def told(kind: int) -> None:
        known = as_mask(e, mixed, kind)
        pair = (known, right) if is_left else (left, known)
        e.store(result, bit(order(e, spot.at(f"{kind}{is_left}"), operator, *pair)))

    e.fork(is_float(e, mixed), lambda: told(FLOAT), lambda: told(INT))
    return e.load(result).parts[0]


# Equality.


def equal(e: Emitter, spot: Spot, left: Value, right: Value) -> str:
    """Write == and return its bit."""
    for each in (left, right):
        if isinstance(each.type, Ref) and each.type.kind == "names":
            raise e.refuse("a comparison of the traits of entities")
    match left.type, right.type:
        case Scalar(), Scalar():
            return _equal_scalars(e, spot, left, right)
        case Ref(), Ref():
            return texts.equal(e, left, right)
        case Ref() | TupleType() | ListType(), Scalar():
            return is_none(e, left) if right.type == IS_NONE else _unlike(e, left, right)
        case Scalar(), Ref() | TupleType() | ListType():
            return is_none(e, right) if left.type == IS_NONE else _unlike(e, right, left)
        case TupleType(), TupleType():
            return _equal_tuples(e, spot, left, right)
        case OwnType(), OwnType():
            return "true"
        case FunctionType(), _:
            raise e.refuse("a comparison of functions")
        case _, FunctionType():
            raise e.refuse("a comparison of functions")
        case ListType(), ListType():
            return _equal_lists(e, left, right)
    return "false"


def _unlike(e: Emitter, holder: Value, scalar: Value) -> str:
    """Compare something that may be None with a number that may be None."""
    if not mask_of(scalar) & NONE:
        return "false"
    return e.code.emit(f"and i1 {is_none(e, holder)}, {is_none(e, scalar)}")


def _equal_scalars(e: Emitter, spot: Spot, left: Value, right: Value) -> str:
    if IS_NONE in (left.type, right.type):
        return is_none(e, left if right.type == IS_NONE else right)
    if not (mask_of(left) | mask_of(right)) & NONE:
        return order(e, spot, "Eq", left, right)
    result = e.temporary(spot, "equal")
    nones = [is_none(e, each) for each in (left, right)]
    some = e.code.emit(f"or i1 {nones[0]}, {nones[1]}")

    def of_nones() -> None:
        e.store(result, bit(e.code.emit(f"and i1 {nones[0]}, {nones[1]}")))

    def of_numbers() -> None:
        numbers = [as_mask(e, each, mask_of(each) & ~NONE) for each in (left, right)]
        e.store(result, bit(order(e, spot, "Eq", numbers[0], numbers[1])))

    e.fork(some, of_nones, of_numbers)
    return e.load(result).parts[0]


def _equal_lists(e: Emitter, left: Value, right: Value) -> str:
    """Compare with a list that is surely empty: `found == []`."""
    for value, other in ((left, right), (right, left)):
        assert isinstance(value.type, ListType)
        if value.literal == () and not isinstance(other.type, Scalar):
            assert isinstance(other.type, ListType)
            if other.type.may_be_none:
                raise e.refuse("a comparison of what may be None with a list")
            length = e.code.load("i64", other.parts[0])
            return e.code.emit(f"icmp eq i64 {length}, 0")
    raise e.refuse("a comparison of lists")


def _equal_tuples(e: Emitter, spot: Spot, left: Value, right: Value) -> str:
    assert isinstance(left.type, TupleType) and isinstance(right.type, TupleType)
    if left.type.may_be_none or right.type.may_be_none:
        raise e.refuse("a comparison of tuples that may be None")
    if len(left.type.items) != len(right.type.items):
        return "false"
    result = "true"
    for place, (one, two) in enumerate(zip(items_of(left), items_of(right), strict=True)):
        if not (isinstance(one.type, Scalar | Ref) and isinstance(two.type, Scalar | Ref)):
            raise e.refuse("a comparison of tuples within tuples")
        if mask_of(one) | mask_of(two) == FLOAT and one.parts == two.parts:
            raise e.refuse("a comparison of a number with itself")
        same = equal(e, spot.at(place), one, two)
        result = e.code.emit(f"and i1 {result}, {same}")
    return result


def is_none(e: Emitter, value: Value) -> str:
    """Write `x is None` and return its bit."""
    match value.type:
        case Scalar(mask):
            if mask == NONE or not mask & NONE:
                return "true" if mask == NONE else "false"
            return e.code.emit(f"icmp eq i8 {value.parts[0]}, {TAG_NONE}")
        case Ref(_, True):
            return e.code.emit(f"icmp eq i64 {value.parts[0]}, -1")
        case ListType(_, True):
            return e.code.emit(f"icmp eq ptr {value.parts[0]}, null")
        case TupleType(_, True):
            return e.code.emit(f"xor i1 {value.parts[0]}, true")
    return "false"


def _is(e: Emitter, left: Value, right: Value) -> str:
    for value, other in ((left, right), (right, left)):
        if other.type == IS_NONE:
            return is_none(e, value)
        if mask_of(value) == BOOL and mask_of(other) == BOOL:
            return e.code.emit(f"icmp eq i1 {value.parts[0]}, {other.parts[0]}")
    raise e.refuse("`is` with anything but None")


# Order of tuples, and `in`.


def _order_tuples(e: Emitter, spot: Spot, operator: str, left: Value, right: Value) -> str:
    """Compare tuples as Python does: the first items that differ decide."""
    assert isinstance(left.type, TupleType) and isinstance(right.type, TupleType)
    ones, twos = items_of(left), items_of(right)
    if left.type.may_be_none or right.type.may_be_none or len(ones) != len(twos):
        raise e.refuse("an order of tuples that may be None or are not of one length")
    for each in (*ones, *twos):
        if not mask_of(each) or mask_of(each) & NONE:
            raise e.refuse("an order of tuples of anything but numbers")
    result = e.temporary(spot, f"tuples {operator}")
    whole = len(ones)

    def of(place: int) -> None:
        if place == whole:
            e.store(result, bit("true" if operator in ("LtE", "GtE") else "false"))
            return
        one, two = ones[place], twos[place]
        same = order(e, spot.at(f"same{place}"), "Eq", one, two)

        def decide() -> None:
            e.store(result, bit(order(e, spot.at(place), operator, one, two)))

        e.fork(same, lambda: of(place + 1), decide)

    of(0)
    return e.load(result).parts[0]


def contains(e: Emitter, spot: Spot, item: Value, holder: Value) -> str:
    """Write `x in y` and return its bit."""
    if isinstance(holder.type, Ref) and holder.type.kind == "names":
        return texts.carries(e, item, holder)
    if isinstance(holder.type, TupleType) and not holder.type.may_be_none:
        if len(holder.type.items) >= 16:
            raise e.refuse("`in` of so many")
        result = "false"
        for place, each in enumerate(items_of(holder)):
            if not isinstance(each.type, Scalar | Ref) or not isinstance(item.type, Scalar | Ref):
                raise e.refuse("`in` of anything but numbers and texts")
            same = equal(e, spot.at(place), item, each)
            result = e.code.emit(f"or i1 {result}, {same}")
        return result
    raise e.refuse(f"`in` of {holder.type.named()}")
