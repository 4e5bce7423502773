"""`collections` for traits: dicts that count, default and chain, with guards.

Owns: the public names of that module but for deques (`deques.py`) and named tuples. The classes are
made for each trait, over the interpreter's own dict, whose methods are replaced by guarded ones.
"""

import collections
from collections.abc import Iterator
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.facades.deques import Deque
from zones.traits.facades.kinds import SEALED, Kind
from zones.traits.facades.named_tuples import NamedTuples
from zones.traits.facades.tools import Tools

_ABSENT: Final = object()


class Joined(dict[Any, Any]):
    """A dict whose operator | gives one of its kind."""

    _molt_tools: Tools

    def __or__(self, other: Any) -> Any:
        if not isinstance(other, dict):
            return NotImplemented
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other: Any) -> Any:
        if not isinstance(other, dict):
            return NotImplemented
        made = self.copy()
        dict.clear(made)
        made.update(other)
        made.update(self)
        return made


class OrderedDict(Joined):
    """OrderedDict."""

    def __init__(self, items: Any = (), /, **named: Any) -> None:
        super().__init__()
        self.update(items, **named)

    def move_to_end(self, key: Any, last: Any = True) -> None:
        """Move a key to one end."""
        self._molt_tools.comparing.key(key)
        value = dict.pop(self, key)
        if last:
            dict.__setitem__(self, key, value)
        else:
            self._molt_tools.meter.building(dict.__len__(self))
            others = list(dict.items(self))
            dict.clear(self)
            dict.__setitem__(self, key, value)
            dict.update(self, others)

    def popitem(self, last: Any = True) -> Any:
        """Remove and return the last pair, or the first."""
        if last or not dict.__len__(self):
            return dict.popitem(self)
        self._molt_tools.meter.comparing(dict.__len__(self))
        key = next(dict.__iter__(self))
        return key, dict.pop(self, key)

    def copy(self) -> Any:
        """Return one of the same items."""
        return type(self)(self)

    def __eq__(self, other: object) -> Any:
        comparing = self._molt_tools.comparing
        with self._molt_tools.meter.deeper():
            if isinstance(other, OrderedDict) and comparing.unequal(list(self), list(other)):
                return False
            theirs = dict(other) if isinstance(other, dict) else other
            return comparing.equal(dict(self), theirs)

    __hash__ = None  # type: ignore[assignment]  # as that of collections

    def __repr__(self) -> str:
        with self._molt_tools.meter.deeper():
            shown = self._molt_tools.texts.represent(list(dict.items(self))) if self else ""
        return f"OrderedDict({shown})"


class DefaultDict(Joined):
    """defaultdict."""

    def __init__(self, default_factory: Any = None, items: Any = (), /, **named: Any) -> None:
        super().__init__()
        if default_factory is not None and not callable(default_factory):
            raise TypeError("first argument must be callable or None")
        self.default_factory = default_factory
        self.update(items, **named)

    def __missing__(self, key: Any) -> Any:
        if self.default_factory is None:
            raise KeyError(key)
        value = self.default_factory()
        if dict.__len__(self) >= LENGTH_MAX:
            self._molt_tools.meter.abort()
        dict.__setitem__(self, key, value)
        return value

    def copy(self) -> Any:
        """Return one of the same items and factory."""
        return type(self)(self.default_factory, self)

    def __repr__(self) -> str:
        texts = self._molt_tools.texts
        with self._molt_tools.meter.deeper():
            factory = texts.represent(self.default_factory)
            return f"defaultdict({factory}, {texts.represent(dict(self))})"


class Counter(dict[Any, Any]):
    """Counter."""

    _molt_tools: Tools

    def __init__(self, items: Any = None, /, **counts: Any) -> None:
        super().__init__()
        self.update(items, **counts)

    def __missing__(self, key: Any) -> int:
        return 0

    def _molt_add(self, items: Any, counts: dict[str, Any], operate: Any) -> None:
        meter, key = self._molt_tools.meter, self._molt_tools.comparing.key
        pairs: list[Any] = []
        if isinstance(items, dict):
            meter.charge(dict.__len__(items))
            pairs += dict.items(items)
        elif items is not None:
            pairs += [(item, 1) for item in meter.take(items)]
        for item, count in [*pairs, *counts.items()]:
            dict.__setitem__(self, key(item), operate(dict.get(self, item, 0), count))
        meter.bound_length(dict.__len__(self))

    def update(self, items: Any = None, /, **counts: Any) -> None:
        """Add counts."""
        self._molt_add(items, counts, self._molt_tools.arithmetic.add)

    def subtract(self, items: Any = None, /, **counts: Any) -> None:
        """Take counts away."""
        self._molt_add(items, counts, self._molt_tools.arithmetic.sub)

    def most_common(self, n: Any = None) -> list[Any]:
        """Return pairs, the most frequent first; of equal ones the first counted."""
        self._molt_tools.meter.charge(dict.__len__(self))
        lists = self._molt_tools.lists
        ordered = lists.sorted_list(list(dict.items(self)), _second, True)
        return ordered if n is None else ordered[: max(n, 0)]

    def elements(self) -> Iterator[Any]:
        """Yield each item as often as it was counted."""
        for item, count in list(dict.items(self)):
            for _ in range(count):
                self._molt_tools.meter.step()
                yield item

    def total(self) -> Any:
        """Return the sum of the counts."""
        return self._molt_tools.functions.sum(list(dict.values(self)))

    def copy(self) -> Any:
        """Return one of the same counts."""
        return type(self)(self)

    def __delitem__(self, key: Any) -> None:
        dict.pop(self, key, None)

    def _molt_joined(self, other: Any, operate: Any) -> Any:
        if not isinstance(other, Counter):
            return NotImplemented
        self._molt_tools.meter.charge(dict.__len__(self) + dict.__len__(other))
        made = type(self)()
        for item in dict.fromkeys([*self, *other]):
            count = operate(dict.get(self, item, 0), dict.get(other, item, 0))
            if count > 0:
                dict.__setitem__(made, item, count)
        return made

    def __add__(self, other: Any) -> Any:
        return self._molt_joined(other, self._molt_tools.arithmetic.add)

    def __sub__(self, other: Any) -> Any:
        return self._molt_joined(other, self._molt_tools.arithmetic.sub)

    def __or__(self, other: Any) -> Any:
        return self._molt_joined(other, self._molt_tools.functions.max)

    def __and__(self, other: Any) -> Any:
        return self._molt_joined(other, self._molt_tools.functions.min)

    def _molt_become(self, result: Any) -> Any:
        if result is NotImplemented:
            return result
        dict.clear(self)
        dict.update(self, result)
        return self

    def __iadd__(self, other: Any) -> Any:
        return self._molt_become(self.__add__(other))

    def __isub__(self, other: Any) -> Any:
        return self._molt_become(self.__sub__(other))

    def __ior__(self, other: Any) -> Any:
        return self._molt_become(self.__or__(other))

    def __iand__(self, other: Any) -> Any:
        return self._molt_become(self.__and__(other))

    def __pos__(self) -> Any:
        return self + type(self)()

    def __neg__(self) -> Any:
        return type(self)() - self

    def _molt_all(self, other: Any, compare: Any) -> Any:
        """Tell whether each count compares so with the other's, where what is absent counts 0."""
        if not isinstance(other, Counter):
            return NotImplemented
        self._molt_tools.meter.charge(dict.__len__(self) + dict.__len__(other))
        items = dict.fromkeys([*self, *other])
        return all(compare(dict.get(self, one, 0), dict.get(other, one, 0)) for one in items)

    def __eq__(self, other: object) -> Any:
        with self._molt_tools.meter.deeper():
            return self._molt_all(other, self._molt_tools.comparing.equal)

    def __le__(self, other: Any) -> Any:
        return self._molt_all(other, self._molt_tools.comparing.less_or_equal)

    def __ge__(self, other: Any) -> Any:
        return self._molt_all(other, self._molt_tools.comparing.greater_or_equal)

    def __lt__(self, other: Any) -> Any:
        below = self.__le__(other)
        return below if below is NotImplemented else below and self != other

    def __gt__(self, other: Any) -> Any:
        above = self.__ge__(other)
        return above if above is NotImplemented else above and self != other

    __hash__ = None

    def __repr__(self) -> str:
        with self._molt_tools.meter.deeper():
            shown = self._molt_tools.texts.represent(dict(self.most_common())) if self else ""
        return f"Counter({shown})"


def _second(pair: tuple[Any, Any]) -> Any:
    return pair[1]


class ChainMap:
    """ChainMap."""

    _molt_tools: Tools

    def __init__(self, *maps: Any) -> None:
        self.maps = list(maps) or [{}]

    def _molt_merged(self) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        with self._molt_tools.meter.deeper():
            for one in reversed(self.maps):
                self._molt_tools.dicts.update(merged, one)
        return merged

    def __getitem__(self, key: Any) -> Any:
        with self._molt_tools.meter.deeper():
            for one in self.maps:
                self._molt_tools.meter.step()
                if self._molt_tools.comparing.contains(key, one):
                    return one[key]
        raise KeyError(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key."""
        return self[key] if key in self else default  # noqa: SIM401  # this is that get

    def __contains__(self, key: Any) -> bool:
        with self._molt_tools.meter.deeper():
            return any(
                self._molt_tools.comparing.contains(key, one)
                for one in self._molt_tools.meter.taking(self.maps)
            )

    def __setitem__(self, key: Any, value: Any) -> None:
        self._molt_tools.places.set_item(self.maps[0], key, value)

    def __delitem__(self, key: Any) -> None:
        self._molt_tools.places.delete_item(self.maps[0], key)

    def pop(self, key: Any, *default: Any) -> Any:
        """Remove a key from the first dict."""
        return self._molt_tools.dicts.pop(self.maps[0], key, *default)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._molt_merged())

    def __len__(self) -> int:
        return len(self._molt_merged())

    def keys(self) -> Any:
        """Return all keys."""
        return self._molt_tools.dicts.keys(self._molt_merged())

    def values(self) -> Any:
        """Return all values."""
        return self._molt_tools.dicts.values(self._molt_merged())

    def items(self) -> Any:
        """Return all pairs."""
        return self._molt_tools.dicts.items(self._molt_merged())

    def new_child(self, m: Any = None) -> Any:
        """Return one with another dict before these."""
        return type(self)({} if m is None else m, *self.maps)

    @property
    def parents(self) -> Any:
        """One without the first dict."""
        return type(self)(*self.maps[1:])

    def __eq__(self, other: object) -> Any:
        theirs = other._molt_merged() if isinstance(other, ChainMap) else other
        with self._molt_tools.meter.deeper():
            return self._molt_tools.comparing.equal(self._molt_merged(), theirs)

    __hash__ = None  # type: ignore[assignment]  # as that of collections

    def __repr__(self) -> str:
        with self._molt_tools.meter.deeper():
            return f"ChainMap({self._molt_tools.texts.represent(self.maps)[1:-1]})"


def make_collections(
    tools: Tools, named_tuples: NamedTuples, builtins: dict[str, Any]
) -> dict[str, Any]:
    """Return the module's names."""
    made: dict[str, Any] = {"namedtuple": named_tuples.namedtuple}
    dict_methods = builtins["dict"].__dict__
    for name, kind in _KINDS.items():
        body: dict[str, Any] = {"_molt_tools": tools, "__module__": "collections", SEALED: True}
        if issubclass(kind, dict):
            for method in tools.dicts.table():
                if method not in kind.__dict__:
                    body[method] = dict_methods[method]
        body["__class_getitem__"] = classmethod(_subscripted)
        made[name] = Kind(name, (kind,), body)
        tools.kinds.known.add(made[name])
        if issubclass(kind, (dict, collections.deque)):
            tools.kinds.facades.setdefault(made[name], made[name])
    for name, builtin, real in (("UserDict", "dict", dict), ("UserList", "list", list)):
        body = {"__module__": "collections", "data": property(real)}
        made[name] = Kind(name, (builtins[builtin],), body)
        tools.kinds.known.add(made[name])
    return made


def _subscripted(cls: type, parameters: Any) -> type:
    return cls


_KINDS: Final[dict[str, Any]] = {
    "ChainMap": ChainMap,
    "Counter": Counter,
    "OrderedDict": OrderedDict,
    "defaultdict": DefaultDict,
    "deque": Deque,
}
