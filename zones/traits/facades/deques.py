"""`deque` for traits.

Owns: that class, over the interpreter's own, with guards where one call may take, build or compare
more than one item.
"""

import collections
from typing import Any

from zones.traits.contract import LENGTH_MAX
from zones.traits.facades.tools import Tools


class Deque(collections.deque[Any]):
    """deque: what is not here is O(1) and bounded by itself."""

    _molt_tools: Tools

    def __init__(self, iterable: Any = (), maxlen: Any = None) -> None:
        items = self._molt_tools.meter.take(iterable)
        super().__init__(items, maxlen)
        self._molt_tools.meter.bound_length(len(self))

    def _molt_compared(self, other: Any, compare: Any) -> Any:
        if not isinstance(other, collections.deque):
            return NotImplemented
        with self._molt_tools.meter.deeper():
            return compare(list(self), list(other))

    def _molt_growing(self) -> None:
        if collections.deque.__len__(self) >= LENGTH_MAX:
            self._molt_tools.meter.abort()

    def append(self, item: Any, /) -> None:
        """Add an item at the right end."""
        self._molt_growing()
        super().append(item)

    def appendleft(self, item: Any, /) -> None:
        """Add an item at the left end."""
        self._molt_growing()
        super().appendleft(item)

    def extend(self, items: Any, /) -> None:
        """Add items at the right end."""
        taken = list(self._molt_tools.meter.take(items))
        self._molt_tools.meter.bound_length(len(self) + len(taken))
        super().extend(taken)

    def extendleft(self, items: Any, /) -> None:
        """Add items at the left end, one after another."""
        taken = list(self._molt_tools.meter.take(items))
        self._molt_tools.meter.bound_length(len(self) + len(taken))
        super().extendleft(taken)

    def insert(self, index: Any, item: Any, /) -> None:
        """Insert an item."""
        self._molt_growing()
        self._molt_tools.meter.comparing(len(self))
        super().insert(index, item)

    def rotate(self, n: Any = 1, /) -> None:
        """Turn it by n places to the right."""
        self._molt_tools.meter.comparing(len(self))
        super().rotate(n)

    def reverse(self) -> None:
        """Turn the order round."""
        self._molt_tools.meter.comparing(len(self))
        super().reverse()

    def copy(self) -> Any:
        """Return one of the same items."""
        return type(self)(self, self.maxlen)

    def count(self, item: Any, /) -> int:
        """Return how many items are equal."""
        return self._molt_tools.lists.count(self, item)

    def index(self, item: Any, *bounds: Any) -> int:
        """Return where the first equal item is."""
        return self._molt_tools.lists.index(self, item, *bounds)

    def remove(self, item: Any, /) -> None:
        """Remove the first equal item."""
        del self[self.index(item)]

    def __getitem__(self, index: Any, /) -> Any:
        self._molt_tools.meter.comparing(len(self))
        return super().__getitem__(index)

    def __setitem__(self, index: Any, value: Any, /) -> None:
        self._molt_tools.meter.comparing(len(self))
        super().__setitem__(index, value)

    def __contains__(self, item: object) -> bool:
        return self.count(item) > 0

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, collections.deque):
            return NotImplemented
        return self._molt_compared(other, self._molt_tools.comparing.equal)

    def __lt__(self, other: Any) -> Any:
        return self._molt_compared(other, self._molt_tools.comparing.less)

    def __le__(self, other: Any) -> Any:
        return self._molt_compared(other, self._molt_tools.comparing.less_or_equal)

    def __gt__(self, other: Any) -> Any:
        return self._molt_compared(other, self._molt_tools.comparing.greater)

    def __ge__(self, other: Any) -> Any:
        return self._molt_compared(other, self._molt_tools.comparing.greater_or_equal)

    __hash__ = None

    def __iadd__(self, other: Any) -> Any:
        self.extend(other)
        return self

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, collections.deque):
            return NotImplemented
        self._molt_tools.meter.building(len(self) + len(other))
        return type(self)([*self, *other], self.maxlen)

    def __mul__(self, times: Any) -> Any:
        if not isinstance(times, int):
            return NotImplemented
        self._molt_tools.meter.building(len(self) * max(times, 0))
        return type(self)(list(self) * times, self.maxlen)

    __rmul__ = __mul__

    def __imul__(self, times: Any) -> Any:
        return self * times

    def __repr__(self) -> str:
        with self._molt_tools.meter.deeper():
            shown = self._molt_tools.texts.represent(list(self))
        if self.maxlen is None:
            return f"deque({shown})"
        return f"deque({shown}, maxlen={self.maxlen})"
