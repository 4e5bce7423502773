"""Comparing, finding and hashing of traits' values, with fuel and an end.

Owns: == != < <= > >= and `in` where types are not shown by the source, and what may be a key.
C code compares and hashes containers that hold each other many times in exponential time, and
hashes deep ones until the stack overflows: containers are walked here instead.
"""

from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any, Final

from zones.traits.guards.meter import CHUNK, Meter

_NESTING_MAX: Final = 40
_KEY_ITEMS_MAX: Final = 512
"""A key is hashed again by operations that cost next to nothing."""
_SCALARS: Final = frozenset({int, float, bool, type(None)})
_PLAIN: Final = frozenset({int, float, bool, str, type(None)})
_ORDERED: Final = (list, tuple)
_CONTAINERS: Final = (list, tuple, dict)


class Comparing:
    """Comparisons of one trait."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def equal(self, a: Any, b: Any) -> Any:
        """Return a == b."""
        if type(a) in _SCALARS or type(b) in _SCALARS:
            return a == b
        return self._equal(a, b, _NESTING_MAX)

    def unequal(self, a: Any, b: Any) -> Any:
        """Return a != b."""
        if type(a) in _SCALARS or type(b) in _SCALARS or not _walked(a, b):
            self._measure_raw(a, b)
            return a != b
        return not self._equal(a, b, _NESTING_MAX)

    def _measure_raw(self, a: Any, b: Any) -> None:
        """Pay for what C code compares: of a subclass, too, whose own method passes it on."""
        if type(a) is str is type(b):
            self._texts(a, b)
        elif isinstance(a, _CONTAINERS) and isinstance(b, _CONTAINERS):
            self.measure(a)

    def measure(self, value: Any, depth: int = _NESTING_MAX) -> None:
        """Count a value with all that it holds, as often as it holds it."""
        if type(value) in _PLAIN:
            return
        if depth <= 0:
            self.meter.abort()
        self.meter.step()
        items: Any = ()
        if isinstance(value, (list, tuple)):
            items = [*(list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value))]
        elif isinstance(value, dict):
            items = dict.values(value)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            items = tuple(value.__dict__.values())
        if len(items) >= CHUNK:
            self.meter.charge(len(items) // CHUNK)
        for item in items:
            if type(item) not in _PLAIN:
                self.measure(item, depth - 1)

    def _texts(self, a: str, b: str) -> None:
        if len(a) == len(b) and len(a) >= CHUNK:
            self.meter.charge(len(a) // CHUNK)

    def _equal(self, a: Any, b: Any, depth: int) -> Any:
        if type(a) in _PLAIN or type(b) in _PLAIN or not _walked(a, b):
            self._measure_raw(a, b)
            return a == b
        if depth <= 0:
            self.meter.abort()
        if depth < _NESTING_MAX:
            self.meter.step()
        if isinstance(a, dict):
            return self._equal_dicts(a, b, depth)
        kind = list if isinstance(a, list) else tuple
        if kind.__len__(a) != kind.__len__(b):
            return False
        self.meter.comparing(kind.__len__(a))
        for one, other in zip(kind.__iter__(a), kind.__iter__(b), strict=False):
            if not _is_itself(one, other) and not self._equal(one, other, depth - 1):
                return False
        return True

    def _equal_dicts(self, a: Any, b: Any, depth: int) -> bool:
        if dict.__len__(a) != dict.__len__(b):
            return False
        self.meter.comparing(dict.__len__(a))
        for key in dict.__iter__(a):
            if not dict.__contains__(b, key):
                return False
            one, other = dict.__getitem__(a, key), dict.__getitem__(b, key)
            if not _is_itself(one, other) and not self._equal(one, other, depth - 1):
                return False
        return True

    def less(self, a: Any, b: Any) -> Any:
        """Return a < b."""
        return self._order(a, b, lt)

    def less_or_equal(self, a: Any, b: Any) -> Any:
        """Return a <= b."""
        return self._order(a, b, le)

    def greater(self, a: Any, b: Any) -> Any:
        """Return a > b."""
        return self._order(a, b, gt)

    def greater_or_equal(self, a: Any, b: Any) -> Any:
        """Return a >= b."""
        return self._order(a, b, ge)

    def _order(self, a: Any, b: Any, operate: Any) -> Any:
        if type(a) in _SCALARS or type(b) in _SCALARS:
            return operate(a, b)
        return self._ordered(a, b, operate, _NESTING_MAX)

    def _ordered(self, a: Any, b: Any, operate: Any, depth: int) -> Any:
        if type(a) is str is type(b):
            self.meter.comparing(min(len(a), len(b)))
            return operate(a, b)
        kind = next((k for k in _ORDERED if isinstance(a, k) and isinstance(b, k)), None)
        if kind is None or not _plain_order(a, b, kind):
            self._measure_raw(a, b)
            return operate(a, b)
        if depth <= 0:
            self.meter.abort()
        if depth < _NESTING_MAX:
            self.meter.step()
        self.meter.comparing(min(kind.__len__(a), kind.__len__(b)))
        for one, other in zip(kind.__iter__(a), kind.__iter__(b), strict=False):
            if not _is_itself(one, other) and not self._equal(one, other, depth - 1):
                return self._ordered(one, other, operate, depth - 1)
        return operate(kind.__len__(a), kind.__len__(b))

    def contains(self, item: Any, container: Any) -> bool:
        """Return item in container."""
        if isinstance(container, dict):
            self.key(item)
            return item in container
        if type(container) is str:
            if type(item) is str:
                self.meter.comparing(len(container))
            return item in container
        if type(container) is range:
            if type(item) is int or type(item) is bool:
                return item in container
        elif not isinstance(container, (list, tuple)):
            if type(container) is MappingProxyType:
                self.key(item)
            if hasattr(type(container), "__contains__"):
                return item in container
            return any(self.same(item, one) for one in self.meter.taking(container))
        elif type(container).__contains__ not in _OWN_CONTAINS:
            return item in container
        length = len(container)
        if type(item) in _PLAIN and length >= CHUNK:
            self.meter.charge(length // CHUNK)
            return item == item and item in container
        self.meter.comparing(length)
        return any(self.same(one, item) for one in container)

    def lacks(self, item: Any, container: Any) -> bool:
        """Return item not in container."""
        return not self.contains(item, container)

    def same(self, one: Any, other: Any) -> bool:
        """Tell whether an item of a container is equal to another value."""
        return _is_itself(one, other) or bool(self.equal(one, other))

    def key(self, key: Any) -> Any:
        """Return a value that is to be hashed, after a look at how large it is.

        Raises:
            TypeError: it cannot be a key.
        """
        if type(key) in _PLAIN:
            if type(key) is str:
                self.meter.comparing(len(key))
            return key
        if isinstance(key, tuple):
            self._tuple_key(key, _NESTING_MAX, 0)
        return key

    def _tuple_key(self, key: Any, depth: int, seen: int) -> int:
        """Return how many items a key has, with those within it, and those seen before."""
        length = tuple.__len__(key)
        self.meter.comparing(length)
        seen += length
        if depth <= 0 or seen > _KEY_ITEMS_MAX:
            self.meter.abort()
        for item in tuple.__iter__(key):
            if isinstance(item, tuple):
                self.meter.step()
                seen = self._tuple_key(item, depth - 1, seen)
        return seen


_OWN_CONTAINS: Final = (list.__contains__, tuple.__contains__)


def _is_itself(one: Any, other: Any) -> bool:
    """Tell whether two are one object that is equal to itself: a float is judged by its value."""
    return one is other and type(one) is not float


def _walked(a: Any, b: Any) -> bool:
    """Tell whether == of both is that of a builtin container."""
    for kind in (list, tuple, dict):
        if isinstance(a, kind):
            return (
                isinstance(b, kind)
                and type(a).__eq__ is kind.__eq__
                and type(b).__eq__ is kind.__eq__
            )
    return False


def _plain_order(a: Any, b: Any, kind: Any) -> bool:
    return type(a).__lt__ is kind.__lt__ and type(b).__lt__ is kind.__lt__
