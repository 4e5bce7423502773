"""`itertools` for traits: every item costs one unit, and nothing runs without an end.

Owns: the public names of that module. All are generators, counted as calls while they run.
"""

from collections.abc import Iterator
from typing import Any, Final

from zones.traits.facades.tools import Tools
from zones.traits.guards.generators import Generated
from zones.traits.word_lists import words

_ABSENT: Final = object()


class Iterators:
    """`itertools` of one trait."""

    def __init__(self, tools: Tools) -> None:
        self.meter = tools.meter
        self.add = tools.arithmetic.add
        self.equal = tools.comparing.equal
        self.take = tools.meter.take

    def public(self) -> dict[str, Any]:
        """Return the module's names."""
        made = {name: self._lazy(getattr(self, f"_{name}")) for name in _LAZY}
        made["chain"] = Chain(self)
        made["groupby"] = self._groupby
        made["tee"] = self._tee
        return made

    def _lazy(self, function: Any) -> Any:
        meter = self.meter

        def start(*args: Any, **kwargs: Any) -> Generated:
            return Generated(function(*args, **kwargs), meter)

        start.__name__ = function.__name__[1:]
        return start

    def taking(self, items: Any) -> Iterator[Any]:
        """Yield items, one unit each."""
        step = self.meter.step
        for item in items:
            step()
            yield item

    def _accumulate(self, iterable: Any, func: Any = None, *, initial: Any = None) -> Any:
        total = _ABSENT if initial is None else initial
        if total is not _ABSENT:
            yield total
        for item in self.taking(iterable):
            if total is _ABSENT:
                total = item
            else:
                total = self.add(total, item) if func is None else func(total, item)
            yield total

    def chained(self, iterables: Any) -> Iterator[Any]:
        """Yield the items of each in turn."""
        for iterable in iterables:
            yield from self.taking(iterable)

    def _combinations(self, iterable: Any, r: Any) -> Any:
        pool = tuple(self.take(iterable))
        size = len(pool)
        places = list(range(self._size(r)))
        if len(places) > size:
            return
        while True:
            yield self._picked(pool, places)
            for at in reversed(range(len(places))):
                if places[at] != at + size - len(places):
                    break
            else:
                return
            places[at] += 1
            for after in range(at + 1, len(places)):
                places[after] = places[after - 1] + 1

    def _combinations_with_replacement(self, iterable: Any, r: Any) -> Any:
        pool = tuple(self.take(iterable))
        places = [0] * self._size(r)
        if not pool and places:
            return
        while True:
            yield self._picked(pool, places)
            for at in reversed(range(len(places))):
                if places[at] != len(pool) - 1:
                    break
            else:
                return
            places[at:] = [places[at] + 1] * (len(places) - at)

    def _permutations(self, iterable: Any, r: Any = None) -> Any:
        pool = tuple(self.take(iterable))
        size = len(pool) if r is None else self._size(r)
        if size > len(pool):
            return
        places = list(range(len(pool)))
        cycles = list(range(len(pool), len(pool) - size, -1))
        yield self._picked(pool, places[:size])
        while True:
            for at in reversed(range(size)):
                self.meter.comparing(len(pool))
                cycles[at] -= 1
                if cycles[at]:
                    other = -cycles[at]
                    places[at], places[other] = places[other], places[at]
                    yield self._picked(pool, places[:size])
                    break
                places[at:] = [*places[at + 1 :], places[at]]
                cycles[at] = len(pool) - at
            else:
                return

    def _product(self, *iterables: Any, repeat: Any = 1) -> Any:
        pools = [tuple(self.take(one)) for one in iterables]
        self.meter.building(len(pools) * self._size(repeat))
        pools *= repeat
        places = [0] * len(pools)
        if not all(pools):
            return
        while True:
            self.meter.step()
            self.meter.building(len(pools))
            yield tuple(pool[place] for pool, place in zip(pools, places, strict=True))
            for at in reversed(range(len(pools))):
                places[at] += 1
                if places[at] < len(pools[at]):
                    break
                places[at] = 0
            else:
                return

    def _picked(self, pool: Any, places: list[int]) -> Any:
        self.meter.step()
        self.meter.building(len(places))
        return tuple(pool[place] for place in places)

    def _size(self, number: Any) -> int:
        if not isinstance(number, int):
            raise TypeError("a size is an int")
        if number < 0:
            raise ValueError("a size cannot be negative")
        self.meter.building(int(number))
        return int(number)

    def _compress(self, data: Any, selectors: Any) -> Any:
        kept = iter(selectors)
        for item in self.taking(data):
            chosen = next(kept, _ABSENT)
            if chosen is _ABSENT:
                return
            self.meter.step()
            if chosen:
                yield item

    def _count(self, start: Any = 0, step: Any = 1) -> Any:
        number = start
        while True:
            self.meter.step()
            yield number
            number = self.add(number, step)

    def _cycle(self, iterable: Any) -> Any:
        seen: list[Any] = []
        for item in self.taking(iterable):
            yield item
            self.meter.bound_length(len(seen) + 1)
            seen.append(item)
        while seen:
            yield from self.taking(seen)

    def _dropwhile(self, predicate: Any, iterable: Any) -> Any:
        dropping = True
        for item in self.taking(iterable):
            dropping = dropping and bool(predicate(item))
            if not dropping:
                yield item

    def _takewhile(self, predicate: Any, iterable: Any) -> Any:
        for item in self.taking(iterable):
            if not predicate(item):
                return
            yield item

    def _filterfalse(self, predicate: Any, iterable: Any) -> Any:
        for item in self.taking(iterable):
            if not (item if predicate is None else predicate(item)):
                yield item

    def _islice(self, iterable: Any, *bounds: Any) -> Any:
        start, stop, step = _bounds(bounds)
        wanted = start
        place = 0
        items = iter(iterable)
        while stop is None or wanted < stop:
            item = next(items, _ABSENT)
            if item is _ABSENT:
                return
            self.meter.step()
            if place == wanted:
                yield item
                wanted += step
            place += 1

    def _pairwise(self, iterable: Any) -> Any:
        before = _ABSENT
        for item in self.taking(iterable):
            if before is not _ABSENT:
                yield before, item
            before = item

    def _repeat(self, item: Any, times: Any = None) -> Any:
        left = times
        while left is None or left > 0:
            self.meter.step()
            yield item
            left = None if left is None else left - 1

    def _starmap(self, function: Any, iterable: Any) -> Any:
        for row in self.taking(iterable):
            yield function(*self.take(row))

    def _zip_longest(self, *iterables: Any, fillvalue: Any = None) -> Any:
        sources: list[Any] = [iter(one) for one in iterables]
        while True:
            row, some = [], False
            for place, source in enumerate(sources):
                item = _ABSENT if source is None else next(source, _ABSENT)
                if item is _ABSENT:
                    sources[place] = None
                    row.append(fillvalue)
                else:
                    self.meter.step()
                    some = True
                    row.append(item)
            if not some:
                return
            yield tuple(row)

    def _groupby(self, iterable: Any, key: Any = None) -> Generated:
        return Generated(self._groups(iterable, key), self.meter)

    def _groups(self, iterable: Any, key: Any) -> Any:
        items = iter(iterable)
        current: list[Any] = [_ABSENT, _ABSENT]  # key and item that come next

        def advance() -> None:
            current[1] = next(items, _ABSENT)
            if current[1] is not _ABSENT:
                self.meter.step()
                current[0] = current[1] if key is None else key(current[1])

        def members(wanted: Any) -> Any:
            while current[1] is not _ABSENT and self.equal(current[0], wanted):
                yield current[1]
                advance()

        advance()
        while current[1] is not _ABSENT:
            wanted = current[0]
            yield wanted, Generated(members(wanted), self.meter)
            while current[1] is not _ABSENT and self.equal(current[0], wanted):
                advance()

    def _tee(self, iterable: Any, n: Any = 2) -> tuple[Any, ...]:
        items = iter(iterable)
        waiting: list[list[Any]] = [[] for _ in range(self._size(n))]

        def follow(mine: list[Any]) -> Any:
            while True:
                if not mine:
                    item = next(items, _ABSENT)
                    if item is _ABSENT:
                        return
                    for each in waiting:
                        self.meter.step()
                        self.meter.bound_length(len(each) + 1)
                        each.append(item)
                yield mine.pop(0)

        return tuple(Generated(follow(mine), self.meter) for mine in waiting)


_LAZY: Final = words(
    "accumulate combinations combinations_with_replacement compress count cycle dropwhile "
    "filterfalse islice pairwise permutations product repeat starmap takewhile "
    "zip_longest"
)


class Chain:
    """`itertools.chain`."""

    __slots__ = ("_molt_iterators",)
    __name__ = "chain"

    def __init__(self, iterators: Iterators) -> None:
        self._molt_iterators = iterators

    def __call__(self, *iterables: Any) -> Generated:
        """Yield the items of each in turn."""
        inner = self._molt_iterators
        return Generated(inner.chained(iterables), inner.meter)  # type: ignore[arg-type]

    def from_iterable(self, iterables: Any, /) -> Generated:
        """Yield the items of each of many in turn."""
        inner = self._molt_iterators
        chained = inner.chained(inner.taking(iterables))
        return Generated(chained, inner.meter)  # type: ignore[arg-type]  # a generator


def _bounds(bounds: tuple[Any, ...]) -> tuple[int, int | None, int]:
    if not 1 <= len(bounds) <= 3:
        raise TypeError("islice takes one to three bounds")
    for bound in bounds:
        if bound is not None and (not isinstance(bound, int) or bound < 0):
            raise ValueError("bounds of islice are None or ints from 0")
    start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, *(1,))[:3]
    step = 1 if step is None else step
    if step < 1:
        raise ValueError("the step of islice is at least 1")
    return start or 0, stop, step
