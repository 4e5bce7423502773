"""Lists of a native trait: memory on the stack, as large as the source shows that they can get.

Owns: making, reading, appending, storing, slicing, searching. Does not own: what is looped over
(`loops.py`), `sorted` (`sorting.py`).

A list is the address of a length and of items, each of as many words of 8 bytes as its type has
registers. Each place of the source that makes lists (a *site*) has one such memory; where it is run
again the list made before is gone. So in loops a name has a memory of its own, into which what it
is bound to is copied, no second name may stand for the same list, and none is replaced while it is
looped over.
"""

from typing import Final

from zones.traits.native.conversion import whole
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Site, Spot
from zones.traits.native.types import (
    IS_NONE,
    UNKNOWN,
    FunctionType,
    ListType,
    Mismatch,
    OwnType,
    TupleType,
    Type,
    Value,
    join,
)

LENGTH_MAX: Final = 1024


def new_site(e: Emitter, spot: Spot, length_max: int, item: Type = UNKNOWN) -> Value:
    """Return an empty list of a place of the source.

    Args:
        length_max: how many items the place itself gives it.
    """
    number = e.rounds.number(e.frame.number, spot, "list")
    site = e.rounds.sites.setdefault(number, Site())
    site.loops = frozenset(loop.number for loop in e.loops)
    if e.loops and any(number in sites for sites in e.looped_over):
        raise e.refuse("a list that is replaced while it is looped over")
    e.clock += 1
    e.made[number] = e.clock
    made = Value(ListType(frozenset((number,))), (f"%site{number}",))
    _allow(e, site, 0, length_max)
    if item != UNKNOWN:
        grow_item(e, made, item)
    e.code.store("i64", "0", made.parts[0])
    return made


def _allow(e: Emitter, site: Site, spot: int, count: int) -> None:
    if site.adds.get(spot, -1) < count:
        site.adds[spot] = count
        e.rounds.grown |= site.touched
    if site.length_max > LENGTH_MAX:
        raise e.refuse(f"a list of more than {LENGTH_MAX} items")


def sites_of(e: Emitter, value: Value) -> list[Site]:
    """Return the places where a list may have been made."""
    assert isinstance(value.type, ListType)
    return [e.rounds.sites[number] for number in sorted(value.type.sites)]


def length_max(e: Emitter, value: Value) -> int:
    """Return how many items a list can have."""
    sites = sites_of(e, value)
    for site in sites:
        site.touched = True
    return max((site.length_max for site in sites), default=0)


def item_type(e: Emitter, value: Value) -> Type:
    """Return the type of the items of a list."""
    kind: Type = UNKNOWN
    sites = sites_of(e, value)
    try:
        kind = join_all([site.item for site in sites])
    except Mismatch as error:
        raise e.refuse(f"a list with {error}") from error
    for site in sites:
        if site.item != kind:
            site.item = kind
            e.rounds.grown |= site.touched
        site.touched = True
    return kind


def join_all(kinds: list[Type]) -> Type:
    """Return the type of what may be any of these.

    Raises:
        Mismatch: there is none.
    """
    result: Type = UNKNOWN
    for each in kinds:
        result = join(result, each)
    return result


def grow_item(e: Emitter, value: Value, kind: Type) -> Type:
    """Let the items of a list be of this type too, and return the type of all."""
    _check_item(e, kind)
    for site in sites_of(e, value):
        try:
            joined = join(site.item, kind)
        except Mismatch as error:
            raise e.refuse(f"a list with {error}") from error
        if joined != site.item:
            site.item = joined
            e.rounds.grown |= site.touched
    return item_type(e, value)


def _check_item(e: Emitter, kind: Type) -> None:
    match kind:
        case ListType() | OwnType() | FunctionType():
            raise e.refuse(f"a list with {kind.named()}")
        case TupleType(items):
            for each in items:
                _check_item(e, each)


def length(e: Emitter, value: Value) -> Value:
    """Write len of a list."""
    return whole(e.code.load("i64", value.parts[0]), True)


def item_address(e: Emitter, value: Value, kind: Type, index: str) -> str:
    """Return where an item lies."""
    words = len(kind.machine)
    at = index if words == 1 else e.code.emit(f"mul i64 {index}, {words}")
    behind = e.code.emit(f"add i64 {at}, 1")
    return e.code.at("i64", value.parts[0], behind)


def read(e: Emitter, value: Value, index: str) -> Value:
    """Read an item by an index that is surely one of it."""
    kind = item_type(e, value)
    address = item_address(e, value, kind, index)
    parts = []
    for place, machine in enumerate(kind.machine):
        word = address if place == 0 else e.code.at("i64", address, str(place))
        parts.append(e.code.load(machine, word))
    return Value(kind, tuple(parts))


def write(e: Emitter, value: Value, index: str, item: Value) -> None:
    """Store an item by an index that there is room for."""
    kind = grow_item(e, value, item.type)
    address = item_address(e, value, kind, index)
    for place, (machine, part) in enumerate(
        zip(kind.machine, e.converted(item, kind), strict=True)
    ):
        word = address if place == 0 else e.code.at("i64", address, str(place))
        e.code.store(machine, part, word)


def push(e: Emitter, value: Value, item: Value) -> None:
    """Put an item behind the last, where there is surely room."""
    count = e.code.load("i64", value.parts[0])
    write(e, value, count, item)
    e.code.store("i64", e.code.emit(f"add i64 {count}, 1"), value.parts[0])


def append(e: Emitter, spot: Spot, value: Value, item: Value) -> None:
    """Write list.append, where the loops around it tell how often it can be run."""
    number = e.rounds.number(e.frame.number, spot, "append")
    for site in sites_of(e, value):
        times = 1
        for loop in e.loops:
            if loop.number not in site.loops:
                if loop.times_max is None:
                    raise e.refuse("a list that grows in a loop without a known end")
                times *= loop.times_max
        _allow(e, site, number, times)
    push(e, value, item)


def pop_last(e: Emitter, value: Value) -> Value:
    """Write list.pop()."""
    count = e.code.load("i64", value.parts[0])
    e.fault_unless(e.code.emit(f"icmp sgt i64 {count}, 0"), "IndexError")
    last = e.code.emit(f"sub i64 {count}, 1")
    item = read(e, value, last)
    e.code.store("i64", last, value.parts[0])
    return item


def clear(e: Emitter, value: Value) -> Value:
    """Write list.clear()."""
    e.code.store("i64", "0", value.parts[0])
    return Value(IS_NONE, (), None)


def checked_index(e: Emitter, value: Value, index: str) -> str:
    """Return an index from 0; IndexError where there is no such item."""
    count = e.code.load("i64", value.parts[0])
    from_end = e.code.emit(f"add i64 {index}, {count}")
    negative = e.code.emit(f"icmp slt i64 {index}, 0")
    place = e.code.emit(f"select i1 {negative}, i64 {from_end}, i64 {index}")
    e.fault_unless(e.code.emit(f"icmp ult i64 {place}, {count}"), "IndexError")
    return place


def copy_range(
    e: Emitter, spot: Spot, value: Value, first: str, count: str, is_reversed: bool = False
) -> Value:
    """Return a new list of `count` items from `first` on; they are all there."""
    made = new_site(e, spot, length_max(e, value), item_type(e, value))
    index = e.code.slot("i64")
    e.code.store("i64", "0", index)
    head, body, behind = (e.code.block(hint) for hint in ("copy", "one", "copied"))
    e.code.go(head)
    e.code.place(head)
    k = e.code.load("i64", index)
    e.code.go_if(e.code.emit(f"icmp slt i64 {k}, {count}"), body, behind)
    e.code.place(body)
    sign = "sub" if is_reversed else "add"
    write(e, made, k, read(e, value, e.code.emit(f"{sign} i64 {first}, {k}")))
    e.code.store("i64", e.code.emit(f"add i64 {k}, 1"), index)
    e.code.go(head)
    e.code.place(behind)
    e.code.store("i64", count, made.parts[0])
    return made


def owned(e: Emitter, spot: Spot, value: Value) -> Value:
    """Return a list, which this statement has made in a loop, in the memory of a name."""
    assert isinstance(value.type, ListType)
    if value.type.may_be_none:
        raise e.refuse("a list that may be None, in a loop")
    if any(e.made.get(site, 0) <= e.statement_began for site in value.type.sites):
        raise e.refuse("a second name for a list, in a loop")
    return copy_range(e, spot.at("own"), value, "0", e.code.load("i64", value.parts[0]))


def slice_of(e: Emitter, spot: Spot, value: Value, lower: str | None, upper: str | None) -> Value:
    """Write list[lower:upper]; fuel for every 16 items."""
    count = e.code.load("i64", value.parts[0])
    first = "0" if lower is None else _bounded(e, lower, count)
    last = count if upper is None else _bounded(e, upper, count)
    room = e.code.emit(f"sub i64 {last}, {first}")
    size = e.intrinsic("llvm.smax.i64", "i64", ("i64", room), ("i64", "0"))
    e.spend(e.code.emit(f"lshr i64 {size}, 4"))
    return copy_range(e, spot, value, first, size)


def _bounded(e: Emitter, index: str, count: str) -> str:
    moved = e.code.emit(f"add i64 {index}, {count}")
    negative = e.code.emit(f"icmp slt i64 {index}, 0")
    place = e.code.emit(f"select i1 {negative}, i64 {moved}, i64 {index}")
    above = e.intrinsic("llvm.smax.i64", "i64", ("i64", place), ("i64", "0"))
    return e.intrinsic("llvm.smin.i64", "i64", ("i64", above), ("i64", count))


def of_values(e: Emitter, spot: Spot, values: list[Value]) -> Value:
    """Return a list of these."""
    made = new_site(e, spot, len(values))
    for each in values:
        grow_item(e, made, each.type)
    for place, each in enumerate(values):
        write(e, made, str(place), each)
    e.code.store("i64", str(len(values)), made.parts[0])
    made.literal = () if not values else ...
    return made
