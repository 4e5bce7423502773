"""Stores to fields of the own entity: what a rewritten assignment calls.

Owns: `set_<field>(owner, value)` for each field, the same as items of an object for targets inside
of others, and stores to fields that cannot be set. An owner that is no entity is assigned to as it
is: any object of a source may have an attribute of such a name.
Each store is written out for its field: an attribute named in the code is read and set by the
interpreter's fast way, `setattr` by a name is not.
"""

from collections.abc import Callable
from typing import Any, Final

from zones.traits.contract import (
    CLIPPED_ENERGY,
    CLIPPED_NAN,
    CLIPPED_RANGE,
    SPEED_LIMIT,
    WRITABLE,
)
from zones.traits.entity_view import Entities, Other, number
from zones.traits.guarded_stores import GUARDED_FIELDS

Store = Callable[[Any, Any], None]
_HEX: Final = frozenset("0123456789abcdefABCDEF")


class Put:
    """A store as an object whose items are set: `put[owner] = value`."""

    __slots__ = ("_molt_store",)

    def __init__(self, store: Store) -> None:
        self._molt_store = store

    def __setitem__(self, owner: Any, value: Any) -> None:
        self._molt_store(owner, value)


class FieldStores:
    """Stores of one trait."""

    def __init__(self, entities: Entities) -> None:
        self.entities = entities
        self.kind = entities.own_kind
        self.meter = entities.meter
        self.stores: dict[str, Store] = {
            "vx": _speed_x(entities),
            "vy": _speed_y(entities),
            "energy": _energy(entities),
            "x": self.set_x,
            "y": self.set_y,
            "max_energy": self.set_max_energy,
            "radius": self.set_radius,
            "color": self.set_color,
            "state": self.set_state,
        }
        assert self.stores.keys() == set(WRITABLE)

    def set_x(self, owner: Any, value: Any) -> None:
        """Move to another x."""
        if type(owner) is self.kind:
            owner.move(number(value) - owner.x, 0.0)
        else:
            self._refuse_views(owner, "x")
            owner.x = value

    def set_y(self, owner: Any, value: Any) -> None:
        """Move to another y."""
        if type(owner) is self.kind:
            owner.move(0.0, number(value) - owner.y)
        else:
            self._refuse_views(owner, "y")
            owner.y = value

    def _refuse_views(self, owner: Any, name: str) -> None:
        if isinstance(owner, Other):
            raise AttributeError(f"cannot set {name!r}: only your own entity can be changed")

    def _between(self, value: Any, now: float, low: float, high: float) -> float:
        value = number(value)
        if value < low:
            self.meter.clip(CLIPPED_RANGE)
            value = low
        elif value > high:
            self.meter.clip(CLIPPED_RANGE)
            value = high
        elif value != value:
            self.meter.clip(CLIPPED_NAN)
            return now
        self.entities.cell[0] = value
        return self.entities.cell[0]

    def set_max_energy(self, owner: Any, value: Any) -> None:
        """Store max_energy."""
        if type(owner) is self.kind:
            limit = self.entities.world.energy_limit
            owner.max_energy = self._between(value, owner.max_energy, owner.energy, limit)
        else:
            self._refuse_views(owner, "max_energy")
            owner.max_energy = value

    def set_radius(self, owner: Any, value: Any) -> None:
        """Store radius."""
        if type(owner) is self.kind:
            limit = self.entities.world.radius_limit
            owner.radius = self._between(value, owner.radius, 0.0, limit)
        else:
            self._refuse_views(owner, "radius")
            owner.radius = value

    def set_color(self, owner: Any, value: Any) -> None:
        """Store color."""
        if type(owner) is self.kind:
            if isinstance(value, str) and _is_colour(value):
                owner.color = value.lower()
            else:
                self.meter.clip(CLIPPED_RANGE)
        else:
            self._refuse_views(owner, "color")
            owner.color = value

    def set_state(self, owner: Any, value: Any) -> None:
        """Store state."""
        if type(owner) is self.kind:
            if isinstance(value, str) and value in self.entities.world.moods:
                owner.state = str(value)
            else:
                self.meter.clip(CLIPPED_RANGE)
        else:
            self._refuse_views(owner, "state")
            owner.state = value

    def names(self) -> dict[str, Any]:
        """Return all of it by the names that rewritten trees use."""
        made: dict[str, Any] = {"delete_field": self.delete_field}
        for name in GUARDED_FIELDS:
            store = self.stores.get(name) or self.readonly(name)
            made[f"set_{name}"] = store
            made[f"put_{name}"] = Put(store)
        return made

    def readonly(self, name: str) -> Store:
        """Return the store to a field that cannot be set."""

        def store(owner: Any, value: Any) -> None:
            if type(owner) is self.kind or isinstance(owner, Other):
                raise AttributeError(f"cannot set {name!r} of an entity")
            setattr(owner, name, value)

        return store

    def delete_field(self, owner: Any, name: str) -> None:
        """Do del owner.name."""
        if type(owner) is self.kind or isinstance(owner, Other):
            raise AttributeError(f"cannot delete {name!r} of an entity")
        delattr(owner, name)


def _is_colour(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and _HEX.issuperset(text[1:])


def _speed_x(entities: Entities) -> Store:
    kind, cell, meter = entities.own_kind, entities.cell, entities.meter

    def set_vx(owner: Any, value: Any) -> None:
        if type(owner) is kind:
            if type(value) is not float:
                value = number(value)
            if -SPEED_LIMIT <= value <= SPEED_LIMIT:
                cell[0] = value
                owner.vx = cell[0]
            elif value != value:
                meter.clip(CLIPPED_NAN)
            else:
                meter.clip(CLIPPED_RANGE)
                owner.vx = SPEED_LIMIT if value > 0.0 else -SPEED_LIMIT
        elif isinstance(owner, Other):
            raise AttributeError("cannot set 'vx': only your own entity can be changed")
        else:
            owner.vx = value

    return set_vx


def _speed_y(entities: Entities) -> Store:
    kind, cell, meter = entities.own_kind, entities.cell, entities.meter

    def set_vy(owner: Any, value: Any) -> None:
        if type(owner) is kind:
            if type(value) is not float:
                value = number(value)
            if -SPEED_LIMIT <= value <= SPEED_LIMIT:
                cell[0] = value
                owner.vy = cell[0]
            elif value != value:
                meter.clip(CLIPPED_NAN)
            else:
                meter.clip(CLIPPED_RANGE)
                owner.vy = SPEED_LIMIT if value > 0.0 else -SPEED_LIMIT
        elif isinstance(owner, Other):
            raise AttributeError("cannot set 'vy': only your own entity can be changed")
        else:
            owner.vy = value

    return set_vy


def _energy(entities: Entities) -> Store:
    kind, cell, meter = entities.own_kind, entities.cell, entities.meter

    def set_energy(owner: Any, value: Any) -> None:
        if type(owner) is kind:
            if type(value) is not float:
                value = number(value)
            if 0.0 <= value <= owner._molt_ceiling:
                cell[0] = value
                owner.energy = cell[0]
            elif value != value:
                meter.clip(CLIPPED_NAN)
            elif value < 0.0:
                owner.energy = 0.0
            else:
                meter.clip(CLIPPED_ENERGY)
                owner.energy = owner._molt_ceiling
        elif isinstance(owner, Other):
            raise AttributeError("cannot set 'energy': only your own entity can be changed")
        else:
            owner.energy = value

    return set_energy
