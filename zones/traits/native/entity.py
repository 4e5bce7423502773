"""The entity of a call and those it sees: fields, stores, move, eat, nearby.

Owns: what `contract.py` says of them, as instructions. Does not own: the searches
(`neighbours.py`), texts (`texts.py`).

Fields that a trait may change are read once, kept as float64 that float32 holds, and written at
the end of a call that did not fail (`lowering.py`).
"""

from typing import Final

from zones.traits import contract
from zones.traits.native import lists, texts
from zones.traits.native.code import LIKELY, real
from zones.traits.native.conversion import (
    as_real,
    floating,
    mask_of,
    number,
    real_argument,
    whole,
    without_none,
)
from zones.traits.native.emitter import Emitter
from zones.traits.native.frames import Spot
from zones.traits.native.types import IS_NONE, UNKNOWN, OwnType, Ref, Value

_FLOATS: Final = frozenset(contract.FLOAT_FIELDS)
_SEEN_INTS: Final = {"age": "age", "generation": "generation"}
_WORDS: Final = {"color": "colour", "state": "mood"}
_INFINITY: Final = real(float("inf"))
RESULT_BYTES: Final = contract.NEARBY_MAX * 16
"""Room for what a search finds; `neighbours.RESULT_BYTES`, a test compares."""


def slot(e: Emitter, word: str, machine: str, column: str) -> str:
    """Return the stack slot of something of the entity that a call may change.

    Args:
        word: of the table; its items are of type `column`, in the slot they are of `machine`.
    """
    if word not in e.fields:
        e.fields[word] = e.code.slot(machine)
        load = own(e, word, column)
        if machine == column:
            wide = load
        else:
            wide = e.code.fresh()
            how = "fpext" if machine == "double" else ("sext" if word == "place" else "zext")
            e.prologue.append(f"{wide} = {how} {column} {load} to {machine}")
        e.prologue.append(f"store {machine} {wide}, ptr {e.fields[word]}")
    return e.fields[word]


def own(e: Emitter, word: str, column: str) -> str:
    """Return an item of a column for the entity of the call, read at its begin."""
    name = f"own {word}"
    if name not in e.fields:
        place, item = e.code.fresh(), e.code.fresh()
        e.prologue.append(f"{place} = getelementptr {column}, ptr {e.word(word)}, i64 %i")
        e.prologue.append(f"{item} = load {column}, ptr {place}")
        e.fields[name] = item
    return e.fields[name]


def field_slot(e: Emitter, name: str) -> str:
    """Return the stack slot of a float field of the entity of the call."""
    return slot(e, f"new_{name}", "double", "float")


def get(e: Emitter, name: str) -> str:
    """Read a float field of the entity of the call."""
    return e.code.load("double", field_slot(e, name))


def put(e: Emitter, name: str, value: str) -> None:
    """Set a float field to a double that float32 holds."""
    e.code.store("double", value, field_slot(e, name))
    e.written.add(f"new_{name}")


def rounded(e: Emitter, value: str) -> str:
    """Return a double as the float32 nearest to it."""
    return e.code.emit(f"fpext float {e.code.emit(f'fptrunc double {value} to float')} to double")


# Reading.


def attribute(e: Emitter, owner: Value, name: str) -> Value:
    """Read a field of an entity or a resource."""
    if isinstance(owner.type, OwnType):
        return _own_field(e, name)
    owner = without_none(e, owner, "AttributeError")
    if owner.type == UNKNOWN:
        return owner
    assert isinstance(owner.type, Ref)
    at = owner.parts[0]
    if owner.type.kind == "resource":
        words = {"x": "place_x", "y": "place_y", "amount": "food_amount"}
        if name not in words:
            return e.fault("AttributeError")
        return floating(_seen(e, words[name], "float", at))
    if name in _FLOATS:
        return floating(_seen(e, name, "float", at))
    if name in _SEEN_INTS:
        return whole(_seen(e, name, "i32", at), True)
    if name in contract.FIELDS:
        return _seen_other(e, name, at)
    if name in contract.METHODS:
        raise e.refuse(f"{name} of another entity")
    return e.fault("AttributeError")


def _own_field(e: Emitter, name: str) -> Value:
    if name in _FLOATS:
        return floating(get(e, name))
    if name == "age":
        return whole(_widened(e, own(e, "new_age", "i32")), True)
    if name == "generation":
        return whole(_widened(e, own(e, "generation", "i32")), True)
    if name == "id":
        return Value(Ref("id"), (own(e, "id", "i64"),))
    if name == "traits":
        return Value(Ref("names"), (own(e, "traits", "i64"),))
    if name == "color":
        return Value(Ref("colour"), (e.code.load("i64", slot(e, "new_colour", "i64", "i32")),))
    if name == "state":
        return Value(Ref("mood"), (e.code.load("i64", slot(e, "new_mood", "i64", "i8")),))
    if name in contract.METHODS:
        raise e.refuse(f"{name} without a call")
    return e.fault("AttributeError")


def _widened(e: Emitter, narrow: str) -> str:
    return e.code.emit(f"sext i32 {narrow} to i64")


def _seen(e: Emitter, word: str, column: str, at: str) -> str:
    """Read a committed column."""
    item = e.code.load(column, e.code.at(column, e.word(word), at))
    if column == "float":
        return e.code.emit(f"fpext float {item} to double")
    if column == "i64":
        return item
    return e.code.emit(f"{'sext' if word in _SEEN_INTS else 'zext'} {column} {item} to i64")


def _seen_other(e: Emitter, name: str, at: str) -> Value:
    if name == "id":
        return Value(Ref("id"), (_seen(e, "id", "i64", at),))
    if name == "traits":
        return Value(Ref("names"), (_seen(e, "traits", "i64", at),))
    word = _WORDS[name]
    return Value(Ref(word), (_seen(e, word, "i32" if word == "colour" else "i8", at),))


# Storing.


def store(e: Emitter, name: str, value: Value) -> None:
    """Write `entity.name = value`, or that of a field of another, which is none."""
    if name in ("state", "color"):
        _store_text(e, name, value)
        return
    if name not in _FLOATS:
        e.fault("AttributeError")
        return
    wanted = real_argument(e, value)
    if wanted is None:
        return
    if name in ("x", "y"):
        way = e.code.emit(f"fsub double {wanted}, {get(e, name)}")
        _move(e, *((way, "0.0") if name == "x" else ("0.0", way)))
        return
    e.clip(e.code.emit(f"fcmp uno double {wanted}, 0.0"), contract.CLIPPED_NAN)
    before = get(e, name)
    held = _held(e, name, wanted)
    known = e.code.emit(f"fcmp ord double {wanted}, 0.0")
    put(e, name, e.code.emit(f"select i1 {known}, double {held}, double {before}"))


def _held(e: Emitter, name: str, value: str) -> str:
    """Return a value as its field holds it, within its range; noted where it was not."""
    low, high, status = "0.0", e.code.load("double", ceiling_slot(e)), contract.CLIPPED_ENERGY
    if name == "max_energy":
        low, high, status = get(e, "energy"), e.number("max_energy_limit"), contract.CLIPPED_RANGE
    elif name == "radius":
        high, status = e.number("radius_limit"), contract.CLIPPED_RANGE
    elif name != "energy":
        low, high = real(-contract.SPEED_LIMIT), real(contract.SPEED_LIMIT)
        status = contract.CLIPPED_RANGE
    below = e.code.emit(f"fcmp olt double {value}, {low}")
    above = e.code.emit(f"fcmp ogt double {value}, {high}")
    if name != "energy":
        e.clip(below, status)
    above = e.code.emit(f"and i1 {above}, {e.code.emit(f'xor i1 {below}, true')}")
    e.clip(above, status)
    held = e.code.emit(f"select i1 {above}, double {high}, double {rounded(e, value)}")
    return e.code.emit(f"select i1 {below}, double {low}, double {held}")


def ceiling_slot(e: Emitter) -> str:
    """Return the stack slot of the most energy that the call may leave."""
    if "ceiling" not in e.fields:
        energy = field_slot(e, "energy")
        e.fields["ceiling"] = e.code.slot("double")
        begin = e.code.fresh()
        e.prologue.append(f"{begin} = load double, ptr {energy}")
        e.prologue.append(f"store double {begin}, ptr {e.fields['ceiling']}")
    return e.fields["ceiling"]


def _store_text(e: Emitter, name: str, value: Value) -> None:
    if value.type == UNKNOWN:
        return
    is_state = name == "state"
    code = texts.assigned_mood(e, value) if is_state else texts.assigned_colour(e, value)
    word, column = ("new_mood", "i8") if is_state else ("new_colour", "i32")
    address = slot(e, word, "i64", column)
    e.written.add(word)
    bad = e.code.emit(f"icmp slt i64 {code}, 0")
    e.clip(bad, contract.CLIPPED_RANGE)
    before = e.code.load("i64", address)
    e.code.store("i64", e.code.emit(f"select i1 {bad}, i64 {before}, i64 {code}"), address)


# Methods.


def call(e: Emitter, spot: Spot, name: str, arguments: list[Value]) -> Value:
    """Write a call of a method of the entity of the call."""
    if len(arguments) != (2 if name == "move" else 1):
        raise e.refuse(f"{name} with {len(arguments)} arguments")
    numbers = [number(e, each) for each in arguments]
    if any(each.type == UNKNOWN for each in numbers):
        return Value(UNKNOWN)
    reals = [as_real(e, each) for each in numbers]
    if name == "move":
        _move(e, *reals)
        return Value(IS_NONE, (), None)
    if name == "eat":
        return _eat(e, spot, reals[0])
    assert all(mask_of(each) for each in numbers)
    return _nearby(e, spot, name == "nearby_entities", reals[0])


def _move(e: Emitter, dx: str, dy: str) -> None:
    code = e.code
    squares = [code.emit(f"fmul double {each}, {each}") for each in (dx, dy)]
    d2 = code.emit(f"fadd double {squares[0]}, {squares[1]}")
    finite = code.emit(f"fcmp olt double {d2}, {_INFINITY}")
    e.clip(code.emit(f"xor i1 {finite}, true"), contract.CLIPPED_NAN)
    moved_slot = slot(e, "moved2", "double", "double")
    places = {name: field_slot(e, name) for name in ("x", "y", "energy")}
    e.written |= {"moved2", "new_x", "new_y", "new_energy"}
    ceiling = ceiling_slot(e)
    with e.branch(finite, "move"):
        moved2 = code.load("double", moved_slot)
        speed = e.number("speed_max")
        left2 = code.emit(f"fsub double {code.emit(f'fmul double {speed}, {speed}')}, {moved2}")
        left2 = _at_least_zero(e, left2)
        far = code.emit(f"fcmp ogt double {d2}, {left2}")
        whole_way, short_way, go = code.block("whole"), code.block("short"), code.block("go")
        ways = [code.slot("double") for _ in range(3)]
        for way, value in zip(ways, (dx, dy, d2), strict=True):
            code.store("double", value, way)
        code.go_if(far, short_way, whole_way)
        code.place(short_way)
        ratio = code.emit(f"fdiv double {left2}, {d2}")
        scale = e.intrinsic("llvm.sqrt.f64", "double", ("double", ratio))
        for way, value in zip(ways, (dx, dy), strict=False):
            code.store("double", code.emit(f"fmul double {value}, {scale}"), way)
        code.store("double", left2, ways[2])
        code.go(go)
        code.place(whole_way)
        code.go(go)
        code.place(go)
        for name, way, size in zip("xy", ways, ("width", "height"), strict=False):
            at = code.emit(f"fadd double {get(e, name)}, {code.load('double', way)}")
            at = _at_least_zero(e, at)
            side = e.number(size)
            out = code.emit(f"fcmp ogt double {at}, {side}")
            at = code.emit(f"select i1 {out}, double {side}, double {at}")
            code.store("double", rounded(e, at), places[name])
        used = code.load("double", ways[2])
        code.store("double", code.emit(f"fadd double {moved2}, {used}"), moved_slot)
        cost = code.emit(f"fmul double {e.number('cost_speed')}, {used}")
        for address in (places["energy"], ceiling):
            rest = code.emit(f"fsub double {code.load('double', address)}, {cost}")
            code.store("double", rounded(e, _at_least_zero(e, rest)), address)


def _at_least_zero(e: Emitter, value: str) -> str:
    below = e.code.emit(f"fcmp olt double {value}, 0.0")
    return e.code.emit(f"select i1 {below}, double 0.0, double {value}")


def _least(e: Emitter, *values: str) -> str:
    result = values[0]
    for each in values[1:]:
        smaller = e.code.emit(f"fcmp olt double {each}, {result}")
        result = e.code.emit(f"select i1 {smaller}, double {each}, double {result}")
    return result


def _eat(e: Emitter, spot: Spot, amount: str) -> Value:
    code = e.code
    result = e.temporary(spot, "eaten")
    e.store(result, floating("0.0"))
    e.clip(code.emit(f"fcmp uno double {amount}, 0.0"), contract.CLIPPED_NAN)
    low = code.emit(f"fcmp olt double {amount}, 0.0")
    high = code.emit(f"fcmp oeq double {amount}, {_INFINITY}")
    e.clip(code.emit(f"or i1 {low}, {high}"), contract.CLIPPED_RANGE)
    above = code.emit(f"fcmp oge double {amount}, 0.0")
    below = code.emit(f"fcmp olt double {amount}, {_INFINITY}")
    wanted_slot = slot(e, "wanted", "double", "float")
    place_slot = slot(e, "place", "i64", "i32")
    e.written |= {"wanted", "place"}
    places = [field_slot(e, name) for name in ("x", "y", "radius", "energy", "max_energy")]
    with e.branch(code.emit(f"and i1 {above}, {below}"), "eat"):
        x, y, radius, energy, max_energy = [code.load("double", each) for each in places]
        with e.branch(code.emit(f"icmp slt i64 {code.load('i64', place_slot)}, 0"), "search"):
            reach = code.emit(f"fadd double {e.number('eat_reach')}, {radius}")
            code.store("i64", e.call("nearest_food", "%world", x, y, reach)[0], place_slot)
        place = code.load("i64", place_slot)
        with e.branch(code.emit(f"icmp sge i64 {place}, 0"), "bite"):
            wanted = code.load("double", wanted_slot)
            offered = _least(
                e,
                amount,
                code.emit(f"fsub double {e.number('eat_bite')}, {wanted}"),
                code.emit(f"fsub double {_seen(e, 'food_amount', 'float', place)}, {wanted}"),
                code.emit(
                    f"fsub double {code.emit(f'fsub double {max_energy}, {energy}')}, {wanted}"
                ),
            )
            some = code.emit(f"fcmp ogt double {offered}, 0.0")
            offered = code.emit(f"select i1 {some}, double {offered}, double 0.0")
            total = rounded(e, code.emit(f"fadd double {wanted}, {offered}"))
            code.store("double", total, wanted_slot)
            e.store(result, floating(offered))
    return e.load(result)


def _nearby(e: Emitter, spot: Spot, are_entities: bool, radius: str) -> Value:
    code = e.code
    e.clip(code.emit(f"fcmp uno double {radius}, 0.0"), contract.CLIPPED_NAN)
    kind = Ref("entity" if are_entities else "resource")
    found = lists.new_site(e, spot, contract.NEARBY_MAX, kind)
    if "results" not in e.words:
        e.words["results"] = code.slot("i8", RESULT_BYTES)
        e.words["results address"] = code.once(f"ptrtoint ptr {e.words['results']} to i64")
    out, results = e.words["results address"], e.words["results"]
    x, y = get(e, "x"), get(e, "y")
    if are_entities:
        count, within = e.call("nearby_entities", "%world", out, "%i", x, y, radius)
    else:
        count, within = e.call("nearby_resources", "%world", out, x, y, radius)
    e.spend(code.emit(f"add i64 {within}, 1"))
    index = code.slot("i64")
    code.store("i64", "0", index)
    head, one, behind = (code.block(hint) for hint in ("take", "found", "taken"))
    code.go(head)
    code.place(head)
    k = code.load("i64", index)
    code.go_if(code.emit(f"icmp slt i64 {k}, {count}"), one, behind, LIKELY)
    code.place(one)
    narrow = code.load("i32", code.at("i32", results, k))
    wide = code.emit(f"sext i32 {narrow} to i64")
    lists.write(e, found, k, Value(kind, (wide,)))
    code.store("i64", code.emit(f"add i64 {k}, 1"), index)
    code.go(head)
    code.place(behind)
    code.store("i64", count, found.parts[0])
    return found
