"""Builtin functions of traits that run over items: one unit of fuel each, and an end.

Owns: sum, min, max, sorted, any, all, enumerate, zip, map, filter, reversed, iter, next. What is
lazy is a generator of ours: those of C code that hold each other deeply overflow the stack.
"""

from collections.abc import Iterator
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.arithmetic import Arithmetic
from zones.traits.guards.comparing import Comparing
from zones.traits.guards.generators import Generated
from zones.traits.guards.list_methods import ListMethods
from zones.traits.guards.meter import SIZED, Meter

_ABSENT: Final = object()
_NUMBERS: Final = frozenset({int, float, bool})


class Functions:
    """Builtin functions of one trait."""

    def __init__(
        self, meter: Meter, arithmetic: Arithmetic, comparing: Comparing, lists: ListMethods
    ) -> None:
        self.meter = meter
        self.arithmetic = arithmetic
        self.comparing = comparing
        self.lists = lists

    def lazy(self, items: Iterator[Any], *sources: Any) -> Any:
        """Return a lazy iterator: counted as a call while it runs, unless its sources are plain."""
        if all(type(source) in SIZED for source in sources):
            return items
        return Generated(items, self.meter)  # type: ignore[arg-type]  # generators of this file

    def sum(self, iterable: Any, /, start: Any = 0) -> Any:
        """Return the sum, added from the left."""
        if isinstance(start, str):
            raise TypeError("sum() can't sum strings [use ''.join(seq) instead]")
        items = self.meter.take(iterable)
        if type(start) in _NUMBERS and set(map(type, items)) == {float}:
            return sum(items, start)
        total = start
        add = self.arithmetic.add
        for item in items:
            total = add(total, item)
        return total

    def min(self, first: Any, /, *others: Any, key: Any = None, default: Any = _ABSENT) -> Any:
        """Return the least."""
        return self._extreme("min", first, others, key, default)

    def max(self, first: Any, /, *others: Any, key: Any = None, default: Any = _ABSENT) -> Any:
        """Return the greatest."""
        return self._extreme("max", first, others, key, default)

    def _extreme(self, name: str, first: Any, others: Any, key: Any, default: Any) -> Any:
        if others:
            if default is not _ABSENT:
                raise TypeError(f"cannot give a default to {name}() of several values")
            items: Any = (first, *others)
        else:
            items = self.meter.take(first)
        if len(items) == 0:
            if default is _ABSENT:
                raise ValueError(f"{name}() arg is an empty sequence")
            return default
        if key is None and set(map(type, items)) <= _NUMBERS:
            return min(items) if name == "min" else max(items)
        better = self.comparing.less if name == "min" else self.comparing.greater
        return self._search(items, key, better)

    def _search(self, items: Any, key: Any, better: Any) -> Any:
        best = best_key = _ABSENT
        for item in items:
            value = item if key is None else key(item)
            if best_key is _ABSENT or better(value, best_key):
                best, best_key = item, value
        return best

    def sorted(self, iterable: Any, /, *, key: Any = None, reverse: Any = False) -> list[Any]:
        """Return the items in order."""
        return self.lists.sorted_list(list(self.meter.take(iterable)), key, reverse)

    def any(self, iterable: Any, /) -> bool:
        """Tell whether one is true."""
        step = self.meter.step
        for item in iterable:
            step()
            if item:
                return True
        return False

    def all(self, iterable: Any, /) -> bool:
        """Tell whether all are true."""
        step = self.meter.step
        for item in iterable:
            step()
            if not item:
                return False
        return True

    def enumerate(self, iterable: Any, start: Any = 0) -> Any:
        """Yield (number, item)."""
        if not isinstance(start, int):
            raise TypeError("enumerate() starts at an int")
        return self.lazy(self._enumerate(iter(iterable), start), iterable)

    def _enumerate(self, items: Iterator[Any], number: int) -> Iterator[Any]:
        step = self.meter.step
        for item in items:
            step()
            yield number, item
            number = self.arithmetic.add(number, 1)

    def zip(self, *iterables: Any, strict: Any = False) -> Any:
        """Yield tuples of an item of each."""
        return self.lazy(self._zip([iter(one) for one in iterables], bool(strict)), *iterables)

    def _zip(self, sources: list[Iterator[Any]], strict: bool) -> Iterator[Any]:
        step = self.meter.step
        while sources:
            row: list[Any] = []
            for place, source in enumerate(sources):
                item = next(source, _ABSENT)
                if item is _ABSENT:
                    if strict and (place or self._any_left(sources[1:])):
                        raise ValueError("zip() arguments differ in length")
                    return
                step()
                row.append(item)
            yield tuple(row)

    def _any_left(self, sources: list[Iterator[Any]]) -> bool:
        return any(next(source, _ABSENT) is not _ABSENT for source in sources)

    def map(self, function: Any, /, *iterables: Any) -> Any:
        """Yield what a function gives for each item."""
        if not iterables:
            raise TypeError("map() must have at least two arguments.")
        rows = self._zip([iter(one) for one in iterables], False)
        return self.lazy(self._map(function, rows), *iterables)

    def _map(self, function: Any, rows: Iterator[Any]) -> Iterator[Any]:
        for row in rows:
            yield function(*row)

    def filter(self, function: Any, iterable: Any, /) -> Any:
        """Yield the items that a function finds true."""
        return self.lazy(self._filter(function, iter(iterable)), iterable)

    def _filter(self, function: Any, items: Iterator[Any]) -> Iterator[Any]:
        step = self.meter.step
        for item in items:
            step()
            if item if function is None else function(item):
                yield item

    def reversed(self, sequence: Any, /) -> Any:
        """Yield the items from the last to the first."""
        own = getattr(type(sequence), "__reversed__", None)
        if type(sequence) is str or isinstance(sequence, (list, tuple, range, dict)):
            return self._taking(reversed(sequence))
        if own is not None:
            return own(sequence)
        if not (hasattr(type(sequence), "__len__") and hasattr(type(sequence), "__getitem__")):
            raise TypeError(f"{type(sequence).__name__!r} object is not reversible")
        return self.lazy(self._backwards(sequence, len(sequence)), sequence)

    def _taking(self, items: Iterator[Any]) -> Iterator[Any]:
        step = self.meter.step
        for item in items:
            step()
            yield item

    def _backwards(self, sequence: Any, length: int) -> Iterator[Any]:
        for place in range(length - 1, -1, -1):
            self.meter.step()
            yield sequence[place]

    def iter(self, source: Any, sentinel: Any = _ABSENT, /) -> Any:
        """Return an iterator over items, or over what calls give until one gives the sentinel."""
        if sentinel is _ABSENT:
            return iter(source)
        return self.lazy(self._until(source, sentinel), None)

    def _until(self, function: Any, sentinel: Any) -> Iterator[Any]:
        while True:
            self.meter.step()
            item = function()
            if self.comparing.equal(item, sentinel):
                return
            yield item

    def next(self, iterator: Any, default: Any = _ABSENT, /) -> Any:
        """Return the next item; it costs one unit."""
        self.meter.step()
        if default is _ABSENT:
            return next(iterator)
        return next(iterator, default)

    def slice(self, *bounds: Any) -> slice:
        """Return a slice of ints; others nest until the stack overflows."""
        for bound in bounds:
            if bound is not None and not isinstance(bound, int):
                raise TypeError("slice indices must be integers or None")
        return slice(*bounds)

    def range(self, *bounds: Any) -> range:
        """Return a range of ints that 64 bits hold."""
        for bound in bounds:
            if not isinstance(bound, int):
                raise TypeError(f"{type(bound).__name__!r} object cannot be interpreted as an int")
        return range(*map(int, bounds))

    def bounded_list(self, iterable: Any = (), /) -> list[Any]:
        """Return a list of the items."""
        items = self.meter.take(iterable)
        self.meter.bound_length(len(items))
        return items if type(items) is list and items is not iterable else list(items)

    def bounded_tuple(self, iterable: Any = (), /) -> tuple[Any, ...]:
        """Return a tuple of the items."""
        items = self.meter.take(iterable)
        if len(items) > LENGTH_MAX:
            self.meter.abort()
        return tuple(items)
