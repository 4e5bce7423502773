"""Methods of lists, tuples and ranges for traits: each bounded, and metered by what it touches.

Owns: the tables by type that `methods.py` looks names up in; they are also the methods of the
facade `list`.
"""

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.comparing import Comparing
from zones.traits.guards.meter import Meter
from zones.traits.word_lists import words

Method = Callable[..., Any]
_OF_LIST: Final = words("append extend insert remove pop clear index count sort reverse copy")
_PLAIN: Final = frozenset({int, float, bool})


class ListMethods:
    """Methods of list, tuple and range, for one trait; the first argument is the object."""

    def __init__(self, meter: Meter, comparing: Comparing) -> None:
        self.meter = meter
        self.comparing = comparing

    def of_list(self) -> dict[str, Method]:
        """Return the methods of a list."""
        return {name: getattr(self, name) for name in _OF_LIST}

    def of_tuple(self) -> dict[str, Method]:
        """Return the methods of a tuple."""
        return {"index": self.index, "count": self.count}

    def of_range(self) -> dict[str, Method]:
        """Return the methods of a range."""
        return {"index": self.index_of_range, "count": self.count_of_range}

    def append(self, owner: list[Any], item: Any, /) -> None:
        """Add an item at the end."""
        if list.__len__(owner) >= LENGTH_MAX:
            self.meter.abort()
        list.append(owner, item)

    def extend(self, owner: list[Any], items: Any, /) -> None:
        """Add items at the end; each costs one unit."""
        items = self.meter.take(items)
        self.meter.bound_length(list.__len__(owner) + len(items))
        list.extend(owner, items)

    def insert(self, owner: list[Any], index: Any, item: Any, /) -> None:
        """Insert an item: what lies behind it moves."""
        length = list.__len__(owner)
        self.meter.bound_length(length + 1)
        self.meter.comparing(length)
        list.insert(owner, index, item)

    def remove(self, owner: list[Any], item: Any, /) -> None:
        """Remove the first item that is equal."""
        del owner[self._find(owner, item, 0, list.__len__(owner), "list.remove(x): x not in list")]

    def pop(self, owner: list[Any], index: Any = -1, /) -> Any:
        """Remove and return an item: what lies behind it moves."""
        if index != -1:
            self.meter.comparing(list.__len__(owner))
        return list.pop(owner, index)

    def clear(self, owner: list[Any], /) -> None:
        """Remove all."""
        list.clear(owner)

    def copy(self, owner: list[Any], /) -> list[Any]:
        """Return a list of the same items."""
        self.meter.building(list.__len__(owner))
        return list.copy(owner)

    def reverse(self, owner: list[Any], /) -> None:
        """Turn the order round in place."""
        self.meter.comparing(list.__len__(owner))
        list.reverse(owner)

    def index(self, owner: Any, item: Any, start: Any = 0, stop: Any = LENGTH_MAX, /) -> int:
        """Return where the first equal item is."""
        first, last, _ = slice(start, stop).indices(len(owner))
        return self._find(owner, item, first, last, f"{self._shown(item)} is not in the sequence")

    def _shown(self, item: Any) -> str:
        return repr(item) if type(item) in _PLAIN else "the item"

    def _find(self, owner: Any, item: Any, first: int, last: int, fault: str) -> int:
        self.meter.comparing(max(last - first, 0))
        place = first
        while place < min(last, len(owner)):
            one = owner[place]
            if self.comparing.same(one, item):
                return place
            place += 1
        raise ValueError(fault)

    def count(self, owner: Any, item: Any, /) -> int:
        """Return how many items are equal."""
        self.meter.comparing(len(owner))
        return sum(1 for one in owner if self.comparing.same(one, item))

    def index_of_range(self, owner: range, item: Any, /) -> int:
        """Return where an int is in a range."""
        return owner.index(self._whole(item))

    def count_of_range(self, owner: range, item: Any, /) -> int:
        """Return 1 if an int is in a range, else 0."""
        return owner.count(self._whole(item)) if isinstance(item, (int, float)) else 0

    def _whole(self, item: Any) -> int:
        if isinstance(item, (int, float)) and item == item // 1:
            return int(item)
        raise ValueError(f"{self._shown(item)} is not in range")

    def sort(self, owner: list[Any], /, *, key: Any = None, reverse: Any = False) -> None:
        """Sort in place; each item costs one unit, as do calls of the key."""
        self.meter.charge(list.__len__(owner))
        ordered = self.sorted_list(list(list.__iter__(owner)), key, reverse)
        list.__setitem__(owner, slice(None), ordered)

    def sorted_list(self, items: list[Any], key: Any, reverse: Any) -> list[Any]:
        """Return items sorted, which is changed; they are paid for."""
        if key is not None:
            keyed = [(key(item), item) for item in items]
        else:
            keyed = [(item, item) for item in items]
        if any(_has_nan(pair[0]) for pair in keyed):
            raise ValueError("cannot sort by what is not a number")
        kinds = {type(pair[0]) for pair in keyed}
        if kinds <= _PLAIN or (kinds == {str} and all(len(pair[0]) < 64 for pair in keyed)):
            keyed.sort(key=_first, reverse=bool(reverse))
        else:
            by_rule = cmp_to_key(self._before)
            keyed.sort(key=lambda pair: by_rule(pair[0]), reverse=bool(reverse))
        return [pair[1] for pair in keyed]

    def _before(self, a: Any, b: Any) -> int:
        return -1 if self.comparing.less(a, b) else 0


def _has_nan(key: Any) -> bool:
    """Tell whether a key is NaN, or a tuple with one: no order could be told of it."""
    if type(key) is float:
        return key != key
    return isinstance(key, tuple) and any(
        type(one) is float and one != one for one in tuple.__iter__(key)
    )


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]
