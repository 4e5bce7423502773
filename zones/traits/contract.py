"""The trait contract: what a trait is given, what it may do, and what it costs.

Owns: names, limits, statuses and the rules that both tiers keep, so that a trait means the same
in each. Does not own: carrying any of it out (`interpreted.py`, `native/`, `zones/world`).

*A call* is `execute(entity)` for one entity in one tick. It reads other entities and resources
as committed by the tick before; of its own entity it sees what traits in lower slots wrote in
this tick and what it wrote itself. It writes only its own entity. A call that fails (status >=
FAILED) has no effect at all: fields, intents, carried state are as before it; only the fault
and the fuel count. A call that was merely clipped (0 < status < FAILED) counts one fault and
goes on. Of several faults in one call the first failure counts, else the first clipping.

*Stores.* Every store to a float field rounds to float32, to nearest; a read sees the rounded
value. All other arithmetic is float64 and int64, as `numerics.py` defines it.
- x, y: an assignment is `move(value - x, 0)` or `move(0, value - y)`.
- vx, vy: at most SPEED_LIMIT either way; beyond: clipped, CLIPPED_RANGE.
- energy: below 0 is 0 and no fault. Above the *ceiling* it is the ceiling, CLIPPED_ENERGY. The
ceiling is the energy at the begin of the call; `move` lowers it by what moving costs.
- max_energy: from the energy it has to `Scene.max_energy_limit`; radius: from 0 to
`Scene.radius_limit`; beyond: clipped, CLIPPED_RANGE.
- NaN leaves the field as it is, CLIPPED_NAN; infinities are clipped like any value out of
range.
- what is no int or float (bool counts as int) is a TypeError.
- color: text "#rrggbb"; anything else leaves it, CLIPPED_RANGE. state: one of the names that
the trait declares (`Checked.moods`, at most MOODS_MAX in a world); else CLIPPED_RANGE.
- any other name of the entity cannot be assigned or deleted: an AttributeError.

*move(dx, dy)* returns None. With d2 = dx*dx + dy*dy in float64: not finite: CLIPPED_NAN,
nothing else. left2 = max(speed2 - moved2, 0), where moved2 is what it has moved in this tick by
all traits and speed2 = Scene.speed_max**2. If d2 > left2 then scale = sqrt(left2 / d2), dx = dx
* scale, dy = dy * scale, d2 = left2; that is no fault. x = f32(min(max(x + dx, 0), width)), y
likewise. moved2 = moved2 + d2. cost = Scene.cost_speed * d2. energy = f32(max(energy - cost,
0)), ceiling = f32(max(ceiling - cost, 0)).

*eat(amount)* returns a float: what the nearest ripe place in reach has for it. Not finite or
negative: returns 0.0, with CLIPPED_NAN for NaN and CLIPPED_RANGE else. The place is the one an
earlier call of this tick chose, else the nearest ripe place (of two the lower number) within
Scene.eat_reach + radius of x, y; none: 0.0. offered = min(amount, Scene.eat_bite - wanted,
committed amount of the place - wanted, max_energy - energy - wanted), 0.0 unless above 0; wanted =
f32(wanted + offered). It is an intent: the world settles it after the trait phase, in the order
of ids, and only that raises the energy.

*nearby_entities(radius)*, *nearby_resources(radius)* return a list: others (never itself) and
ripe places with d2 <= radius*radius, d2 in float64 between its present x, y and their committed
ones, ordered by d2, then by id or number of the place; of more than NEARBY_MAX the nearest.
radius is cut to NEARBY_RADIUS_MAX; negative gives none; NaN gives none and CLIPPED_NAN. An
entity seen there has all fields and no methods; a resource has x, y, amount. Both are
read-only: assigning is an AttributeError. They are equal to themselves only, by what they stand
for (two queries give equal objects for one entity).

*random* draws from (seed, tick, id of the entity, TRAITS + slot, n), where n counts the draws
of this call from 0 (`signatures.py` for what each function makes of draws).

*Comparing.* Containers compare floats in them by value, never by identity: NaN is equal to nothing,
itself included. Sorting by a key that is NaN, or a tuple with one, is a ValueError.

*State.* `self` is one instance for each entity and version. Attributes that are set in __init__
to constants and nowhere else are constants. The rest: `none` | `carried` (each int, float or
bool, known from the source; kept in 8 bytes each of the trait memory: what is float in the
source is stored as float64, the rest as int64; a call begins with what is stored) | `volatile`.
__init__ runs before the first call for an entity, in the same tick, and counts as part of that
call. Where a trait has an __init__ or carried attributes (`state.is_begun`), the first call without
a failure sets its bit in `ready`; until then each call is a first one. In other traits the bit is
neither read nor set. A carried attribute with a value in the class body, too, begins with that.
A float is stored as `numerics` makes it canonical.

*Fuel.* 1 for each call of a function, method or lambda of the source (execute and __init__
too), at its entry; 1 for each iteration of a for or while loop, when its body begins; 1 for
each item that a `for` of a comprehension or generator takes; 1 for each item that a builtin or
library function takes out of an iterable (sum, min and max of one iterable, sorted, list,
tuple, set, dict, any, all, enumerate, zip, map, filter, reversed, join, deque, reduce, ...); 1
+ how many lie within the radius for nearby_*; 1 for every 16 items that one operation copies,
builds or compares at once (repeat, slice, concatenation, `in` on a list, tuple or str,
comparing containers), rounded down. When more than the limit is used the call ends with
OUT_OF_FUEL and has used the limit.
"""

from typing import Final

SOURCE_BYTES_MAX: Final = 32 * 1024
LINES_MAX: Final = 1000
NESTING_MAX: Final = 40
"""Brackets, blocks and operators within each other, found before the text is parsed."""
NODES_MAX: Final = 8000
VERDICT_S: Final = 2.0
"""A verdict is given within this time, whatever the source."""

SLOTS: Final = 64
"""Trait slots of a world are 1 to SLOTS - 1: a bit each in a word, none for 0."""
ACTIVE_MAX: Final = 30
MEMORY_SLOTS: Final = 32
MOODS: Final = 64
MOOD_BYTES: Final = 16
NAME_BYTES: Final = 32
"""Names of traits, in UTF-8; of moods MOOD_BYTES. Mood 0 is ALIVE_MOOD."""
ALIVE_MOOD: Final = "alive"

NEARBY_MAX: Final = 128
NEARBY_RADIUS_MAX: Final = 500.0
SPEED_LIMIT: Final = 50.0
"""Length per tick: no velocity is larger."""
RECURSION_MAX: Final = 100
"""Calls of functions of the source within each other."""
LENGTH_MAX: Final = 65_536
"""Items or characters of any one list, text, tuple, set or dict."""

FLOAT_FIELDS: Final = ("x", "y", "vx", "vy", "energy", "max_energy", "radius")
INT_FIELDS: Final = ("age", "generation")
TEXT_FIELDS: Final = ("id", "color", "state")
LIST_FIELDS: Final = ("traits",)
FIELDS: Final = FLOAT_FIELDS + INT_FIELDS + TEXT_FIELDS + LIST_FIELDS
WRITABLE: Final = (*FLOAT_FIELDS, "color", "state")
METHODS: Final = ("move", "eat", "nearby_resources", "nearby_entities")
RESOURCE_FIELDS: Final = ("x", "y", "amount")

MODULES: Final = (
    "math",
    "random",
    "dataclasses",
    "typing",
    "enum",
    "collections",
    "functools",
    "itertools",
)

OK: Final = 0
CLIPPED_RANGE: Final = 1
CLIPPED_ENERGY: Final = 2
CLIPPED_NAN: Final = 3
FAILED: Final = 8
"""From here on a call has no effect."""
OUT_OF_FUEL: Final = 8
OVERFLOW: Final = 9
ZERO_DIVISION: Final = 10
DOMAIN: Final = 11
TYPE_ERROR: Final = 12
LOOKUP: Final = 13
ATTRIBUTE: Final = 14
OTHER: Final = 15
"""An exception of any other class, RecursionError and MemoryError among them."""
STATUS_NAMES: Final = {
    OK: "ok",
    CLIPPED_RANGE: "out of range",
    CLIPPED_ENERGY: "energy out of nothing",
    CLIPPED_NAN: "not a number",
    OUT_OF_FUEL: "out of fuel",
    OVERFLOW: "overflow",
    ZERO_DIVISION: "division by zero",
    DOMAIN: "value that cannot be",
    TYPE_ERROR: "wrong type",
    LOOKUP: "no such item",
    ATTRIBUTE: "no such attribute",
    OTHER: "exception",
}
"""OverflowError, ZeroDivisionError, ValueError, TypeError, LookupError, AttributeError in turn."""

NATIVE: Final = "native"
INTERPRETED: Final = "interpreted"
NONE: Final = "none"
CARRIED: Final = "carried"
VOLATILE: Final = "volatile"
