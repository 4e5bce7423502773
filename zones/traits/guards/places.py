"""Subscripts, unpacking and displays of traits: what is read from and stored in containers.

Owns: a[i], a[i] = v, del a[i], slices, `*` and `**` in calls and displays, lengths of displays.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.comparing import Comparing
from zones.traits.guards.meter import SIZED, Meter

_SCALARS: Final = frozenset({int, str, float, bool, type(None)})
_CLASSES_DEEP: Final = 20
Shape = tuple[Any, ...]
"""Place of the star in a target, -1 for none, then for each part its shape, () for a plain one."""
_SLICED: Final = (list, tuple, str)


class PutItem:
    """`put_item[owner, index] = value`, for targets inside of others."""

    __slots__ = ("_molt_places",)

    def __init__(self, places: "Places") -> None:
        self._molt_places = places

    def __setitem__(self, pair: tuple[Any, Any], value: Any) -> None:
        self._molt_places.set_item(*pair, value)


class Boxed:
    """A value as the attribute of something."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Places:
    """Subscripts of one trait."""

    def __init__(self, meter: Meter, comparing: Comparing) -> None:
        self.meter = meter
        self.key = comparing.key
        self.measure = comparing.measure

    def get_item(self, owner: Any, index: Any) -> Any:
        """Return owner[index]."""
        if type(index) in _SCALARS:
            return owner[index]
        result = owner[index] if type(index) is slice else owner[self.key(index)]
        if type(index) is slice and isinstance(owner, _SLICED):
            self.meter.comparing(len(result))
        return result

    def set_item(self, owner: Any, index: Any, value: Any) -> None:
        """Do owner[index] = value."""
        if isinstance(owner, dict):
            if type(index) not in _SCALARS or type(index) is str:
                self.key(index)
            if dict.__len__(owner) >= LENGTH_MAX and not dict.__contains__(owner, index):
                self.meter.abort()
        elif type(index) is slice and isinstance(owner, list):
            value = self.meter.take(value)
            length = list.__len__(owner)
            self.meter.bound_length(length + len(value))
            self.meter.comparing(length)
        owner[index] = value

    def delete_item(self, owner: Any, index: Any) -> None:
        """Do del owner[index]."""
        if isinstance(owner, list):
            self.meter.comparing(list.__len__(owner))
        elif type(index) not in _SCALARS and type(index) is not slice:
            self.key(index)
        del owner[index]

    def spread(self, items: Any) -> Any:
        """Return what `*items` puts in a call, a display or a starred target: one unit each."""
        return self.meter.take(items)

    def spread_each(self, rows: Any, shape: Shape) -> Iterator[Any]:
        """Yield each row, finite: the target of the loop has a star."""
        for row in rows:
            yield self.spread_to(row, shape)

    def spread_to(self, value: Any, shape: Shape) -> Any:
        """Return a value that is stored to targets with stars, finite where they are.

        Args:
            shape: of the target, see `guarded_stores.py`.
        """
        star, *inner = shape
        if not any(inner):
            return self.meter.take(value)
        items = list(self.meter.take(value) if star >= 0 else islice(value, len(inner) + 1))
        for place, part in enumerate(inner):
            at = place if star < 0 or place < star else place - len(inner) + len(items)
            if part and at < len(items):
                items[at] = self.spread_to(items[at], part)
        return items

    def spread_names(self, mapping: Any) -> dict[Any, Any]:
        """Return what `**mapping` puts in a call or a display."""
        if isinstance(mapping, dict):
            self.meter.building(dict.__len__(mapping))
            return dict(dict.items(mapping))
        return {key: mapping[key] for key in self.meter.taking(mapping.keys())}

    def bounded(self, display: Any) -> Any:
        """Return a display that holds starred items, if it is not too long."""
        self.meter.bound_length(len(display))
        return display

    def keyed(self, key: Any) -> Any:
        """Return a key of a display or a comprehension."""
        return self.key(key)

    def measured(self, subject: Any) -> Any:
        """Return the subject of a `match` whose patterns copy or compare parts of it."""
        self.measure(subject)
        return subject

    def boxed(self, key: Any) -> "Boxed":
        """Return a key of a mapping pattern, where a pattern can read it: as `.value`."""
        return Boxed(self.key(key))

    def classes(self, kinds: Any) -> Any:
        """Return what a value may be an instance of, or an exception of, if it is not deep."""
        if type(kinds) is tuple:
            self._count_classes(kinds, _CLASSES_DEEP)
        return kinds

    def _count_classes(self, kinds: tuple[Any, ...], depth: int) -> None:
        if depth <= 0:
            self.meter.abort()
        for one in kinds:
            if type(one) is tuple:
                self.meter.step()
                self._count_classes(one, depth - 1)

    def is_instance(self, value: Any, kinds: Any, /) -> bool:
        """Return isinstance(value, kinds)."""
        return isinstance(value, self.classes(kinds) if type(kinds) is tuple else kinds)

    def is_subclass(self, kind: Any, kinds: Any, /) -> bool:
        """Return issubclass(kind, kinds)."""
        return issubclass(kind, self.classes(kinds))

    def sized(self, items: Any) -> Any:
        """Return items as something finite with a length, one unit each."""
        return items if type(items) in SIZED else self.meter.take(items)
