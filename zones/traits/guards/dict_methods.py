"""Methods of dicts for traits, and the views that they give.

Owns: the table that `methods.py` looks names up in; they are also the methods of the facade
`dict`. Views are objects of ours: C code would run over any iterable that an operator of its own
views is given.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.comparing import Comparing
from zones.traits.guards.meter import Meter
from zones.traits.word_lists import words

Method = Callable[..., Any]
_NAMES: Final = words("get pop popitem setdefault update keys values items copy clear fromkeys")
_ABSENT: Final = object()


class DictMethods:
    """Methods of dict, for one trait; the first argument is the dict."""

    def __init__(self, meter: Meter, comparing: Comparing) -> None:
        self.meter = meter
        self.key = comparing.key
        self.contains = comparing.contains
        self.set_of: Callable[[Any], Any] = list  # facades/sets.py puts its class here
        self.represent: Callable[[Any], str] = str  # as the outfit puts the guarded one

    def table(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {name: getattr(self, name) for name in _NAMES}

    def get(self, owner: Any, key: Any, default: Any = None, /) -> Any:
        """Return the value of a key."""
        return dict.get(owner, self.key(key), default)

    def pop(self, owner: Any, key: Any, default: Any = _ABSENT, /) -> Any:
        """Remove a key and return its value."""
        if default is _ABSENT:
            return dict.pop(owner, self.key(key))
        return dict.pop(owner, self.key(key), default)

    def popitem(self, owner: Any, /) -> Any:
        """Remove the last key and return it with its value."""
        return dict.popitem(owner)

    def setdefault(self, owner: Any, key: Any, default: Any = None, /) -> Any:
        """Return the value of a key, which is stored if there is none."""
        self.key(key)
        if dict.__len__(owner) >= LENGTH_MAX and not dict.__contains__(owner, key):
            self.meter.abort()
        return dict.setdefault(owner, key, default)

    def update(self, owner: Any, other: Any = (), /, **named: Any) -> None:
        """Store the items of another dict, or pairs; each costs one unit."""
        if isinstance(other, dict):
            self.meter.charge(dict.__len__(other))
            pairs = list(dict.items(other))
        elif hasattr(type(other), "keys"):
            pairs = [(key, other[key]) for key in self.meter.taking(other.keys())]
        else:
            pairs = [self._pair(pair) for pair in self.meter.taking(other)]
        for key, value in pairs:
            dict.__setitem__(owner, self.key(key), value)
        dict.update(owner, named)
        self.meter.bound_length(dict.__len__(owner))

    def _pair(self, pair: Any) -> Any:
        key, value = pair
        return key, value

    def represent_view(self, name: str, items: list[Any]) -> str:
        """Return the text of a view."""
        with self.meter.deeper():
            return f"{name}({self.represent(items)})"

    def keys(self, owner: Any, /) -> "Keys":
        """Return a view of the keys."""
        return Keys(owner, self)

    def values(self, owner: Any, /) -> "Values":
        """Return a view of the values."""
        return Values(owner, self)

    def items(self, owner: Any, /) -> "Items":
        """Return a view of the pairs."""
        return Items(owner, self)

    def copy(self, owner: Any, /) -> Any:
        """Return a dict with the same items."""
        self.meter.building(dict.__len__(owner))
        return dict.copy(owner)

    def clear(self, owner: Any, /) -> None:
        """Remove all."""
        dict.clear(owner)

    def fromkeys(self, keys: Any, value: Any = None, /) -> dict[Any, Any]:
        """Return a dict of these keys with one value; each costs one unit."""
        return {self.key(key): value for key in self.meter.take(keys)}


class View:
    """What is in a dict, as it is now."""

    __slots__ = ("_molt_methods", "_molt_owner")

    def __init__(self, owner: Any, methods: DictMethods) -> None:
        self._molt_owner = owner
        self._molt_methods = methods

    def __len__(self) -> int:
        return dict.__len__(self._molt_owner)

    def __iter__(self) -> Iterator[Any]:
        return dict.__iter__(self._molt_owner)

    def __reversed__(self) -> Any:
        return reversed(list(self))

    def __contains__(self, item: object) -> bool:
        return self._molt_methods.contains(item, list(self))

    def __repr__(self) -> str:
        return self._molt_methods.represent_view(f"dict_{type(self).__name__.lower()}", list(self))


class SetView(View):
    """A view that takes part in the operators of sets."""

    __slots__ = ()

    def __eq__(self, other: object) -> Any:
        return self._molt_set() == other

    __hash__ = None  # type: ignore[assignment]  # a view is no key

    def _molt_set(self) -> Any:
        return self._molt_methods.set_of(self)

    def __and__(self, other: Any) -> Any:
        return self._molt_set() & self._molt_methods.set_of(other)

    def __or__(self, other: Any) -> Any:
        return self._molt_set() | self._molt_methods.set_of(other)

    def __sub__(self, other: Any) -> Any:
        return self._molt_set() - self._molt_methods.set_of(other)

    def __xor__(self, other: Any) -> Any:
        return self._molt_set() ^ self._molt_methods.set_of(other)

    def __le__(self, other: Any) -> Any:
        return self._molt_set() <= self._molt_methods.set_of(other)

    def __ge__(self, other: Any) -> Any:
        return self._molt_set() >= self._molt_methods.set_of(other)

    def isdisjoint(self, other: Any) -> bool:
        """Tell whether nothing is in both."""
        return not self & other


class Keys(SetView):
    """Keys of a dict."""

    __slots__ = ()

    def __contains__(self, item: object) -> bool:
        return dict.__contains__(self._molt_owner, self._molt_methods.key(item))


class Items(SetView):
    """Pairs of key and value."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(dict.items(self._molt_owner))


class Values(View):
    """Values of a dict."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(dict.values(self._molt_owner))
