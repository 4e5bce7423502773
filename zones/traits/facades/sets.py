"""Sets of traits: ordered by insertion, so that no order by hash can be seen.

Owns: set and frozenset as classes, with all their operators. The interpreter's own sets are run
over in the order of hashes, which for None and objects depends on where they lie in memory.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.comparing import Comparing
from zones.traits.guards.meter import Meter
from zones.traits.guards.texts import Texts


class SetTools:
    """What the sets of one trait count with."""

    def __init__(self, meter: Meter, comparing: Comparing, texts: Texts) -> None:
        self.meter = meter
        self.texts = texts
        self.key = comparing.key


class AnySet:
    """What set and frozenset have in common."""

    __slots__ = ("_molt_hash", "_molt_items")
    _molt_tools: SetTools
    _molt_plain: "type[AnySet]"

    def __init__(self, items: Iterable[Any] = (), /) -> None:
        tools = self._molt_tools
        if isinstance(items, AnySet):
            tools.meter.charge(len(items._molt_items))
            self._molt_items: dict[Any, None] = dict(items._molt_items)
        else:
            key = tools.key
            self._molt_items = {key(item): None for item in tools.meter.take(items)}
        self._molt_hash: int | None = None

    def __init_subclass__(cls, molt: bool = False) -> None:
        if not molt:
            raise TypeError("a class cannot derive from a set")

    @classmethod
    def _molt_of(cls, items: Iterable[Any]) -> Any:
        """Return a set of items that are paid for."""
        made = cls.__new__(cls)
        key = cls._molt_tools.key
        made._molt_items = {key(item): None for item in items}
        made._molt_hash = None
        if len(made._molt_items) > LENGTH_MAX:
            cls._molt_tools.meter.abort()
        return made

    @classmethod
    def __class_getitem__(cls, parameters: Any) -> Any:
        return cls

    def __len__(self) -> int:
        return len(self._molt_items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._molt_items)

    def __contains__(self, item: Any) -> bool:
        return self._molt_tools.key(item) in self._molt_items

    def __repr__(self) -> str:
        name = type(self).__name__
        if not self._molt_items:
            return f"{name}()"
        with self._molt_tools.meter.deeper():
            text = self._molt_tools.texts.represent(list(self._molt_items))[1:-1]
        return f"{{{text}}}" if name == "set" else f"{name}({{{text}}})"

    def _molt_taken(self, other: Any) -> dict[Any, None]:
        """Return the items of any iterable; each costs one unit."""
        if isinstance(other, AnySet):
            self._molt_tools.meter.charge(len(other._molt_items))
            return other._molt_items
        key = self._molt_tools.key
        return {key(item): None for item in self._molt_tools.meter.take(other)}

    def _molt_both(self, other: Any) -> bool:
        if not isinstance(other, AnySet):
            return False
        self._molt_tools.meter.step()
        self._molt_tools.meter.comparing(len(self._molt_items) + len(other._molt_items))
        return True

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, AnySet):
            return NotImplemented
        with self._molt_tools.meter.deeper():
            return self._molt_both(other) and self._molt_items.keys() == other._molt_items.keys()

    __hash__ = None  # type: ignore[assignment]  # frozenset has one

    def __le__(self, other: Any) -> Any:
        if not self._molt_both(other):
            return NotImplemented
        return self._molt_items.keys() <= other._molt_items.keys()

    def __lt__(self, other: Any) -> Any:
        if not self._molt_both(other):
            return NotImplemented
        return self._molt_items.keys() < other._molt_items.keys()

    def __ge__(self, other: Any) -> Any:
        if not self._molt_both(other):
            return NotImplemented
        return self._molt_items.keys() >= other._molt_items.keys()

    def __gt__(self, other: Any) -> Any:
        if not self._molt_both(other):
            return NotImplemented
        return self._molt_items.keys() > other._molt_items.keys()

    def __and__(self, other: Any) -> Any:
        if not self._molt_both(other):
            return NotImplemented
        return self._molt_of([one for one in self._molt_items if one in other._molt_items])

    def __or__(self, other: Any) -> Any:
        if not self._molt_both(other):
            return NotImplemented
        return self._molt_of([*self._molt_items, *other._molt_items])

    def __sub__(self, other: Any) -> Any:
        if not self._molt_both(other):
            return NotImplemented
        return self._molt_of([one for one in self._molt_items if one not in other._molt_items])

    def __xor__(self, other: Any) -> Any:
        if not self._molt_both(other):
            return NotImplemented
        mine = [one for one in self._molt_items if one not in other._molt_items]
        theirs = [one for one in other._molt_items if one not in self._molt_items]
        return self._molt_of([*mine, *theirs])

    def copy(self) -> Any:
        """Return a set of the same items."""
        self._molt_tools.meter.building(len(self._molt_items))
        return self._molt_of(self._molt_items)

    def union(self, *others: Any) -> Any:
        """Return what is in any."""
        items = list(self._molt_items)
        for other in others:
            items += self._molt_taken(other)
        return self._molt_of(items)

    def intersection(self, *others: Any) -> Any:
        """Return what is in all."""
        items = list(self._molt_items)
        for other in others:
            taken = self._molt_taken(other)
            items = [one for one in items if one in taken]
        return self._molt_of(items)

    def difference(self, *others: Any) -> Any:
        """Return what is in no other."""
        items = list(self._molt_items)
        for other in others:
            taken = self._molt_taken(other)
            items = [one for one in items if one not in taken]
        return self._molt_of(items)

    def symmetric_difference(self, other: Any, /) -> Any:
        """Return what is in one of both."""
        return self ^ self._molt_of(self._molt_taken(other))

    def isdisjoint(self, other: Any, /) -> bool:
        """Tell whether nothing is in both."""
        return not any(one in self._molt_items for one in self._molt_taken(other))

    def issubset(self, other: Any, /) -> bool:
        """Tell whether all is in the other."""
        return self._molt_items.keys() <= self._molt_taken(other).keys()

    def issuperset(self, other: Any, /) -> bool:
        """Tell whether all of the other is here."""
        return self._molt_items.keys() >= self._molt_taken(other).keys()


class FrozenSet(AnySet, molt=True):
    """frozenset."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # a set has none
        if self._molt_hash is None:
            total = 0
            for item in self._molt_items:
                total ^= hash((item, 17))
            self._molt_hash = hash((total, len(self._molt_items)))
        return self._molt_hash


class MutableSet(AnySet, molt=True):
    """set."""

    __slots__ = ()

    def add(self, item: Any, /) -> None:
        """Add an item."""
        if len(self._molt_items) >= LENGTH_MAX and item not in self:
            self._molt_tools.meter.abort()
        self._molt_items[self._molt_tools.key(item)] = None

    def discard(self, item: Any, /) -> None:
        """Remove an item if it is there."""
        self._molt_items.pop(self._molt_tools.key(item), None)

    def remove(self, item: Any, /) -> None:
        """Remove an item."""
        del self._molt_items[self._molt_tools.key(item)]

    def pop(self) -> Any:
        """Remove and return the item that came last."""
        if not self._molt_items:
            raise KeyError("pop from an empty set")
        return self._molt_items.popitem()[0]

    def clear(self) -> None:
        """Remove all."""
        self._molt_items.clear()

    def update(self, *others: Any) -> None:
        """Add what is in others."""
        self._molt_items = self.union(*others)._molt_items

    def intersection_update(self, *others: Any) -> None:
        """Keep what is in all."""
        self._molt_items = self.intersection(*others)._molt_items

    def difference_update(self, *others: Any) -> None:
        """Remove what is in others."""
        self._molt_items = self.difference(*others)._molt_items

    def symmetric_difference_update(self, other: Any, /) -> None:
        """Keep what is in one of both."""
        self._molt_items = self.symmetric_difference(other)._molt_items

    def _molt_become(self, result: Any) -> Any:
        if result is not NotImplemented:
            self._molt_items = result._molt_items
            return self
        return result

    def __ior__(self, other: Any) -> Any:
        return self._molt_become(self.__or__(other))

    def __iand__(self, other: Any) -> Any:
        return self._molt_become(self.__and__(other))

    def __isub__(self, other: Any) -> Any:
        return self._molt_become(self.__sub__(other))

    def __ixor__(self, other: Any) -> Any:
        return self._molt_become(self.__xor__(other))


def make_sets(tools: SetTools) -> tuple[type[MutableSet], type[FrozenSet]]:
    """Return set and frozenset of one trait."""
    kinds = []
    bases: tuple[tuple[str, Any], ...] = (("set", MutableSet), ("frozenset", FrozenSet))
    for name, kind in bases:
        body: dict[str, Any] = {"__slots__": (), "_molt_tools": tools, "__module__": "collections"}
        body["__qualname__"] = name
        kinds.append(type(kind)(name, (kind,), body, molt=True))
    return kinds[0], kinds[1]
