"""What classes of a source have of the builtin types they derive from: guarded like those.

Owns: where a class gets an attribute from, and the methods with two underscores that `super()` may
be asked for. Does not own: the guarded methods themselves (`methods.py`).

Named tuples, enums of texts or numbers and dicts are the cases; what their C code would compare or
hash without an end goes through the guards here.
"""

from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.comparing import Comparing

_COMPARED: Final = {
    "__eq__": "equal",
    "__ne__": "unequal",
    "__lt__": "less",
    "__le__": "less_or_equal",
    "__gt__": "greater",
    "__ge__": "greater_or_equal",
}
_KEYED: Final = frozenset({"__contains__", "__getitem__", "__setitem__", "__delitem__"})
_ABSENT: Final = object()


def found_in(kinds: Iterable[type], name: str) -> type | None:
    """Return the first of some classes that has an attribute of its own by this name."""
    return next((kind for kind in kinds if name in kind.__dict__), None)


def above(owner: Any) -> Iterable[type]:
    """Return the classes that a `super()` looks through."""
    order = owner.__self_class__.__mro__
    return order[order.index(owner.__thisclass__) + 1 :]  # type: ignore[no-any-return]


class Inherited:
    """Dunders that `super()` reaches in a builtin type, for one trait."""

    def __init__(self, comparing: Comparing) -> None:
        self.comparing = comparing
        self.meter = comparing.meter

    def of_super(self, owner: Any, name: str) -> Any:
        """Return super().name, where a source calls it."""
        if type(owner) is not super:
            raise TypeError("super() of this kind is not to be had")
        kind = found_in(above(owner), name)
        instance: Any = owner.__self__  # type: ignore[attr-defined]  # a super has one
        if kind is tuple or kind is dict:
            if name in _COMPARED:
                return self._compared(kind, instance, getattr(self.comparing, _COMPARED[name]))
            if name in _KEYED:
                return self._keyed(kind, instance, name, getattr(owner, name))
        return getattr(owner, name)

    def _compared(self, kind: Any, instance: Any, compare: Callable[[Any, Any], Any]) -> Any:
        def compared(other: Any) -> Any:
            if not isinstance(other, kind):
                return NotImplemented
            with self.meter.deeper():
                return compare(self._plain(kind, instance), self._plain(kind, other))

        return MethodType(_called, compared)

    def _plain(self, kind: Any, value: Any) -> Any:
        self.meter.building(kind.__len__(value))
        return dict(dict.items(value)) if kind is dict else tuple(tuple.__iter__(value))

    def _keyed(self, kind: Any, instance: Any, name: str, method: Any) -> Any:
        def keyed(key: Any, value: Any = _ABSENT) -> Any:
            if kind is tuple and name == "__contains__":
                return self.comparing.contains(key, self._plain(tuple, instance))
            self.comparing.key(key)
            if value is _ABSENT:
                return method(key)
            if dict.__len__(instance) >= LENGTH_MAX and not dict.__contains__(instance, key):
                self.meter.abort()
            return method(key, value)

        return MethodType(_called, keyed)


def _called(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)
