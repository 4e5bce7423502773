"""Looking for a value in a list: index, count, `in`.

Owns: what they give and the fuel they use. Does not own: equality (`comparing.py`).
"""

from zones.traits.native.comparing import compare
from zones.traits.native.conversion import bit, whole
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.items import ListItems
from zones.traits.native.loops import close_loops, loop
from zones.traits.native.types import Value


def index_of(e: Emitter, spot: Spot, made: Value, item: Value) -> Value:
    """Write list.index(x): where the first equal item is, a ValueError for none."""
    code = e.code
    e.spend(code.emit(f"lshr i64 {code.load('i64', made.parts[0])}, 4"))
    at = code.slot("i64")
    code.store("i64", "0", at)
    found = code.block("found")

    def look(each: Value) -> None:
        same = compare(e, spot.at("equal"), "Eq", each, item)
        on = code.block("other")
        code.go_if(same, found, on)
        code.place(on)
        code.store("i64", code.emit(f"add i64 {code.load('i64', at)}, 1"), at)

    state = loop(e, spot.at("index"), ListItems(e, made), look, fuel=0)
    bound = e.bound
    close_loops(e, [state])
    e.fault("ValueError")
    code.go(found)
    code.place(found)
    e.bound = bound
    return whole(code.load("i64", at), True)


def count_of(e: Emitter, spot: Spot, made: Value, item: Value) -> Value:
    """Write list.count(x)."""
    code = e.code
    e.spend(code.emit(f"lshr i64 {code.load('i64', made.parts[0])}, 4"))
    count = code.slot("i64")
    code.store("i64", "0", count)

    def look(each: Value) -> None:
        same = code.emit(f"zext i1 {compare(e, spot.at('equal'), 'Eq', each, item)} to i64")
        code.store("i64", code.emit(f"add i64 {code.load('i64', count)}, {same}"), count)

    close_loops(e, [loop(e, spot.at("count"), ListItems(e, made), look, fuel=0)])
    return whole(code.load("i64", count), True)


def is_in(e: Emitter, spot: Spot, item: Value, made: Value) -> str:
    """Write `x in list` and return its bit."""
    code = e.code
    e.spend(code.emit(f"lshr i64 {code.load('i64', made.parts[0])}, 4"))
    result = e.temporary(spot, "in")
    e.store(result, bit("false"))
    leave = code.block("found")

    def look(each: Value) -> None:
        same = compare(e, spot.at("equal"), "Eq", each, item)
        stop, on = code.block("same"), code.block("other")
        code.go_if(same, stop, on)
        code.place(stop)
        e.store(result, bit("true"))
        code.go(leave)
        code.place(on)

    close_loops(e, [loop(e, spot.at("in"), ListItems(e, made), look, fuel=0)])
    code.go(leave)
    code.place(leave)
    return e.load(result).parts[0]
