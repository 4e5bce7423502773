"""What a trait is given as `entity`, and what it sees of others.

Owns: the proxy of the own entity with its checked stores, move, eat and nearby_*; read-only views
of other entities and resources. Does not own: the formulas' meaning (`contract.py`; machine code
has them in `deeds.py`), the searches (`neighbours.py`), when a call begins (`driving.py`).

One proxy serves all entities of a trait in turn: a trait that keeps it sees its entity of the call
that runs, and it only has the fields that the source mentions. Fields are slots, so that a read is
one load; stores have been rewritten to calls of the functions made here (`guarded_stores.py`), so
that nothing has to watch for them.
"""

from array import array
from collections.abc import Callable, Mapping
from math import inf, sqrt
from typing import Any, Final

from zones.traits.contract import (
    ALIVE_MOOD,
    CLIPPED_NAN,
    CLIPPED_RANGE,
    FIELDS,
    NEARBY_RADIUS_MAX,
    RESOURCE_FIELDS,
)
from zones.traits.guards.meter import Meter
from zones.traits.scene import Scene
from zones.traits.word_lists import words

_HIDDEN: Final = ("ceiling", "moved2", "wanted", "place", "slot")
"""What belongs to a call, kept on the proxy under names that no source can write."""


class World:
    """What the proxy needs of the scene that runs.

    Attributes:
        columns: committed columns and food, by name, as memory that gives Python's numbers.
        seen: views made in this run, by slot, and resources by place.
    """

    __slots__ = (
        "bite",
        "columns",
        "cost_speed",
        "energy_limit",
        "height",
        "mood_names",
        "moods",
        "names",
        "places_seen",
        "radius_limit",
        "reach",
        "seen",
        "speed2",
        "table",
        "width",
    )

    def __init__(self) -> None:
        self.columns: dict[str, Any] = {}
        self.seen: dict[int, Any] = {}
        self.places_seen: dict[int, Any] = {}
        self.names: tuple[str, ...] = ()
        self.mood_names: tuple[str, ...] = ()
        self.moods: dict[str, int] = {}
        self.table = 0

    def begin(self, scene: Scene, moods: tuple[str, ...], sees: bool) -> None:
        """Be about this scene from now on."""
        self.table = int(scene.table.ctypes.data)
        self.columns = (
            {}
            if not sees
            else {
                name: memoryview(scene.arrays[name])  # type: ignore[arg-type]  # arrays are buffers
                for name in _SEEN
            }
        )
        self.seen = {}
        self.places_seen = {}
        self.names, self.mood_names = scene.names, scene.mood_names
        codes = scene.arrays["moods"].tolist()
        self.moods = {ALIVE_MOOD: 0, **dict(zip(moods, codes, strict=False))}
        self.width, self.height = scene.real("width"), scene.real("height")
        self.speed2 = scene.real("speed_max") * scene.real("speed_max")
        self.cost_speed, self.bite = scene.real("cost_speed"), scene.real("eat_bite")
        self.reach, self.radius_limit = scene.real("eat_reach"), scene.real("radius_limit")
        self.energy_limit = scene.real("max_energy_limit")

    def traits_of(self, bits: int) -> list[str]:
        """Return the names of the traits with these bits, in the order of their slots."""
        return [name for slot, name in enumerate(self.names) if bits >> slot & 1 and name]


_SEEN: Final = frozenset(
    words(
        "x y vx vy energy max_energy radius colour mood age generation id traits food_amount "
        "place_x place_y"
    )
)
_COLUMN_OF: Final = {"color": "colour", "state": "mood"}
_VIEWED: Final = {
    "traits": "view._molt_bits = %s",
    "id": "view.id = str(%s)",
    "color": "view.color = '#' + format(%s, '06x')",
    "state": "view.state = world.mood_names[%s]",
}


class Other:
    """Another entity, as it was committed: equal to itself alone, by its id."""

    __slots__ = ("_molt_key",)
    _molt_key: int

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._molt_key == self._molt_key

    def __hash__(self) -> int:
        return self._molt_key


def number(value: Any) -> float:
    """Return what a store or a method takes as a float.

    Raises:
        TypeError: it is no int, float or bool.
    """
    if isinstance(value, (int, float)):
        return float(value)
    raise TypeError(f"must be real number, not {type(value).__name__}")


class Entities:
    """The proxy and views of one trait.

    Args:
        used: fields that the source mentions; all others do not exist for it.
        machine: functions of `linked.calls()`.
    """

    def __init__(self, used: frozenset[str], meter: Meter, machine: Mapping[str, Any]) -> None:
        self.meter = meter
        self.machine = machine
        self.world = World()
        self.fields = tuple(name for name in FIELDS if name in used)
        self.cell = array("f", [0.0])
        self.other_kind = self._make_other()
        self.other = self._make_view()
        self.own_kind = self._make_own()
        self.place_kind: Any = type("Resource", (Other,), {"__slots__": RESOURCE_FIELDS})
        self.own = self.own_kind()

    def _make_own(self) -> Any:
        slots = [name for name in self.fields if name != "traits"]
        body: dict[str, Any] = {
            "__slots__": (*slots, *(f"_molt_{name}" for name in _HIDDEN)),
            "traits": property(self._traits_of_own),
            "move": self._move(),
            "eat": self._eat(),
            "nearby_entities": self._nearby_entities(),
            "nearby_resources": self._nearby_resources(),
        }
        return type("Entity", (), body)

    def _traits_of_own(self, own: Any) -> list[str]:
        return self.world.traits_of(self.world.columns["traits"][own._molt_slot])

    def _make_other(self) -> Any:
        slots = [name for name in self.fields if name != "traits"]
        world = self.world

        def traits(other: Any) -> list[str]:
            return world.traits_of(other._molt_bits)

        body = {"__slots__": (*slots, "_molt_bits"), "traits": property(traits)}
        return type("Entity", (Other,), body)

    def _make_view(self) -> Callable[[int], Any]:
        """Return what makes the view of the entity in a slot: written out for the fields there are.

        The text is made of names of fields alone.
        """
        lines = ["def make(slot):", "    columns, view = world.columns, kind()"]
        lines += ["    view._molt_key = columns['id'][slot]"]
        for name in self.fields:
            value = f"columns[{_COLUMN_OF.get(name, name)!r}][slot]"
            lines.append("    " + _VIEWED.get(name, f"view.{name} = %s") % value)
        lines += ["    world.seen[slot] = view", "    return view"]
        space: dict[str, Any] = {"world": self.world, "kind": self.other_kind}
        exec(compile("\n".join(lines), "<view>", "exec"), space)  # text of this file alone
        return space["make"]  # type: ignore[no-any-return]  # defined by the text

    def place(self, place: int) -> Any:
        """Return the view of a place with food."""
        view = self.place_kind()
        columns = self.world.columns
        view._molt_key = place
        view.x, view.y = columns["place_x"][place], columns["place_y"][place]
        view.amount = columns["food_amount"][place]
        self.world.places_seen[place] = view
        return view

    # Methods of the proxy.

    def _move(self) -> Callable[..., None]:
        world, meter, cell = self.world, self.meter, self.cell

        def move(self: Any, dx: Any, dy: Any) -> None:
            if type(dx) is not float:
                dx = number(dx)
            if type(dy) is not float:
                dy = number(dy)
            d2 = dx * dx + dy * dy
            if not d2 < inf:
                meter.clip(CLIPPED_NAN)
                return
            moved2 = self._molt_moved2
            left2 = world.speed2 - moved2
            if not left2 > 0.0:
                left2 = 0.0
            if d2 > left2:
                scale = sqrt(left2 / d2)
                dx *= scale
                dy *= scale
                d2 = left2
            cost = world.cost_speed * d2
            cell[0] = min(max(self.x + dx, 0.0), world.width)
            self.x = cell[0]
            cell[0] = min(max(self.y + dy, 0.0), world.height)
            self.y = cell[0]
            cell[0] = max(self.energy - cost, 0.0)
            self.energy = cell[0]
            cell[0] = max(self._molt_ceiling - cost, 0.0)
            self._molt_ceiling = cell[0]
            self._molt_moved2 = moved2 + d2

        return move

    def _eat(self) -> Callable[..., float]:
        world, meter, cell = self.world, self.meter, self.cell
        nearest = self.machine["nearest_food"]

        def eat(self: Any, amount: Any) -> Any:
            if type(amount) is not float:
                amount = number(amount)
            if not 0.0 <= amount < inf:
                meter.clip(CLIPPED_NAN if amount != amount else CLIPPED_RANGE)
                return 0.0
            if self._molt_place < 0:
                reach = world.reach + self.radius
                self._molt_place = nearest(world.table, self.x, self.y, reach)
                if self._molt_place < 0:
                    return 0.0
            wanted = self._molt_wanted
            offered = min(
                amount,
                world.bite - wanted,
                world.columns["food_amount"][self._molt_place] - wanted,
                self.max_energy - self.energy - wanted,
            )
            if not offered > 0.0:
                return 0.0
            cell[0] = wanted + offered
            self._molt_wanted = cell[0]
            return offered

        return eat

    def _radius(self, radius: Any) -> float:
        radius = number(radius)
        if radius != radius:
            self.meter.clip(CLIPPED_NAN)
        return NEARBY_RADIUS_MAX if radius > NEARBY_RADIUS_MAX else radius

    def _nearby_entities(self) -> Callable[..., list[Any]]:
        search = self.machine["nearby_entities"]
        world, meter, checked, make = self.world, self.meter, self._radius, self.other

        def nearby_entities(self: Any, radius: Any) -> list[Any]:
            radius = checked(radius)
            slots, within = search(world.table, self._molt_slot, self.x, self.y, radius)
            meter.charge(1 + within)
            seen = world.seen
            return [seen.get(slot) or make(slot) for slot in slots]

        return nearby_entities

    def _nearby_resources(self) -> Callable[..., list[Any]]:
        search = self.machine["nearby_resources"]
        world, meter, checked, make = self.world, self.meter, self._radius, self.place

        def nearby_resources(self: Any, radius: Any) -> list[Any]:
            radius = checked(radius)
            places, within = search(world.table, self.x, self.y, radius)
            meter.charge(1 + within)
            seen = world.places_seen
            return [seen.get(place) or make(place) for place in places]

        return nearby_resources
