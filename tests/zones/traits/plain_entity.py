"""An entity in plain Python, for traits that CPython runs as they are.

Owns: the stores, moves, meals and looks that `deed_model.py` has the rules of, on one object. Does
not own: what is compared with it (`test_plain_python.py`).
"""

from types import SimpleNamespace

from tests.zones.traits import deed_model
from zones.traits.contract import FLOAT_FIELDS, SPEED_LIMIT

CALL = ("_stage", "_slot", "_moods", "_ceiling", "_moved2", "_wanted", "_place")


def seen(stage, slot, before=""):
    """Return the fields of who is in a slot, from its committed or its new columns."""
    arrays = stage.arrays
    fields = {name: float(arrays[before + name][slot]) for name in FLOAT_FIELDS}
    bits = int(arrays["traits"][slot])
    return fields | {
        "age": int(arrays[before + "age"][slot]),
        "generation": int(arrays["generation"][slot]),
        "id": str(int(arrays["id"][slot])),
        "color": f"#{int(arrays[before + 'colour'][slot]):06x}",
        "state": stage.mood_names[int(arrays[before + "mood"][slot])],
        "traits": [name for place, name in enumerate(stage.names) if bits >> place & 1 and name],
    }


class PlainEntity:
    """The own entity in one call."""

    def __init__(self, stage, slot, moods):
        own = seen(stage, slot, "new_")
        arrays = stage.arrays
        call = (stage, slot, moods, own["energy"], float(arrays["moved2"][slot]))
        call += (float(arrays["wanted"][slot]), int(arrays["place"][slot]))
        vars(self).update(own, **dict(zip(CALL, call, strict=True)))

    def __setattr__(self, name, value):
        fields, stage = vars(self), self._stage
        ranges = {
            "vx": (-SPEED_LIMIT, SPEED_LIMIT),
            "vy": (-SPEED_LIMIT, SPEED_LIMIT),
            "max_energy": (self.energy, stage.real("max_energy_limit")),
            "radius": (0.0, stage.real("radius_limit")),
        }
        if name in ("x", "y"):
            self.move(*((value - self.x, 0.0) if name == "x" else (0.0, value - self.y)))
        elif name in ranges:
            low, high = ranges[name]
            fields[name], _ = deed_model.store_between(value, fields[name], low, high)
        elif name == "energy":
            fields[name], _ = deed_model.store_energy(value, self.energy, self._ceiling)
        elif name == "color":
            fields[name] = str(value).lower()
        elif name == "state" and value in (*self._moods, "alive"):
            fields[name] = value
        else:
            raise AttributeError(name)

    def move(self, dx, dy):
        """Move as far as it may."""
        stage = self._stage
        x, y, energy, ceiling, moved2, _ = deed_model.move(
            *(self.x, self.y, self.energy, self._ceiling, self._moved2, dx, dy),
            *(stage.real("width"), stage.real("height")),
            *(stage.real("speed_max") ** 2, stage.real("cost_speed")),
        )
        vars(self).update(x=x, y=y, energy=energy, _ceiling=ceiling, _moved2=moved2)

    def eat(self, amount):
        """Ask for food."""
        where = (self.x, self.y, self.radius, self.energy, self.max_energy)
        offered, place, wanted, _ = deed_model.eat(
            self._stage, self._place, self._wanted, amount, *where
        )
        vars(self).update(_place=place, _wanted=wanted)
        return offered

    def nearby_resources(self, radius):
        """Return ripe places, the nearest first."""
        stage = self._stage
        places = [(number, *stage.place_at(number)) for number in stage.ripe]
        return [
            SimpleNamespace(x=x, y=y, amount=float(stage.arrays["food_amount"][number]))
            for number, x, y in self._nearest(places, radius)
        ]

    def nearby_entities(self, radius):
        """Return others, the nearest first."""
        arrays = self._stage.arrays
        others = [
            (int(arrays["id"][slot]), float(arrays["x"][slot]), float(arrays["y"][slot]), slot)
            for slot in map(int, self._stage.living)
            if slot != self._slot
        ]
        found = self._nearest(others, radius)
        return [SimpleNamespace(**seen(self._stage, one[3])) for one in found]

    def _nearest(self, rows, radius):
        keyed = [((row[1] - self.x) ** 2 + (row[2] - self.y) ** 2, row[0], row) for row in rows]
        return [row for d2, _, row in sorted(keyed) if d2 <= radius * radius]
