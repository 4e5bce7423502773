"""Methods by name: which guarded function stands for an attribute of a builtin value.

Owns: what `value.name` gives for the names that builtin types have. All other attributes are read
as they are.
"""

from collections.abc import Callable
from types import MappingProxyType, MethodType
from typing import Any, Final

from zones.traits.contract import LENGTH_MAX
from zones.traits.guards.arithmetic import checked_int
from zones.traits.guards.dict_methods import DictMethods
from zones.traits.guards.inherited import above, found_in
from zones.traits.guards.list_methods import ListMethods
from zones.traits.guards.meter import Meter
from zones.traits.guards.text_methods import TextMethods

Method = Callable[..., Any]
_QUIET: Final = frozenset({"start", "stop", "step", "real", "imag", "numerator", "denominator"})


class Methods:
    """Guarded methods of one trait.

    Attributes:
        tables: by builtin type, methods by name.
        facades: by facade class, the table of the type it stands for.
    """

    def __init__(
        self, meter: Meter, lists: ListMethods, dicts: DictMethods, texts: TextMethods
    ) -> None:
        self.meter = meter
        self.lists = lists
        whole: dict[str, Method] = {"bit_length": int.bit_length, "bit_count": int.bit_count}
        real: dict[str, Method] = {
            "is_integer": float.is_integer,
            "hex": float.hex,
            "fromhex": self.from_hex,
        }
        numeric: dict[str, Method] = {"as_integer_ratio": self.ratio, "conjugate": self.conjugate}
        self.tables: dict[type, dict[str, Method]] = {
            list: lists.of_list(),
            tuple: lists.of_tuple(),
            range: lists.of_range(),
            dict: dicts.table(),
            str: texts.table(),
            int: whole | numeric,
            bool: whole | numeric,
            float: real | numeric,
        }
        self.tables[MappingProxyType] = {
            name: MethodType(_unproxied, method) for name, method in dicts.table().items()
        }
        self.tables[property] = {
            "getter": MethodType(_of_property, property.getter),
            "setter": MethodType(_of_property, property.setter),
            "deleter": MethodType(_of_property, property.deleter),
        }
        self.facades: dict[Any, dict[str, Method]] = {}

    def property(self, fget: Any = None, fset: Any = None, fdel: Any = None) -> Any:
        """Return a property of functions; of other properties they nest without an end."""
        return property(_flat(fget), _flat(fset), _flat(fdel))

    def staticmethod(self, function: Any, /) -> Any:
        """Return a static method of a function."""
        return staticmethod(_flat(function))

    def classmethod(self, function: Any, /) -> Any:
        """Return a class method of a function."""
        return classmethod(_flat(function))

    def names(self) -> frozenset[str]:
        """Return all names that builtin types have methods of, those that nobody is given, too."""
        every = {name for kind in self.tables for name in dir(kind) if not name.startswith("__")}
        every.update(*self.tables.values())
        return frozenset(every - _QUIET)

    def bound(self, owner: Any, name: str) -> Any:
        """Return owner.name, for one of `names`."""
        kind = type(owner)
        table = self.tables.get(kind)
        if table is None:
            if isinstance(owner, type):
                return self._of_class(owner, name)
            if kind is super:
                return self._inherited(above(owner), owner, owner.__self__, name)
            return self._inherited(kind.__mro__, owner, owner, name)
        if name in table:
            return table[name] if name in _STATIC else MethodType(table[name], owner)
        if name in kind.__dict__:
            raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r} here")
        return getattr(owner, name)

    def _inherited(self, kinds: Any, owner: Any, instance: Any, name: str) -> Any:
        """Return owner.name; what it has from a builtin type is guarded."""
        kind = found_in(kinds, name)
        if kind in self.tables:
            if name not in self.tables[kind]:
                raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r} here")
            method = self.tables[kind][name]
            return method if name in _STATIC else MethodType(method, instance)
        return getattr(owner, name)

    def _of_class(self, owner: type, name: str) -> Any:
        table = self.facades.get(owner)
        if table is not None and name in table:
            return table[name]
        kind: Any = found_in(owner.__mro__, name)
        if kind in self.tables:
            if name not in self.tables[kind]:
                raise AttributeError(f"type {owner.__name__!r} has no attribute {name!r} here")
            return self.tables[kind][name]
        return getattr(owner, name)

    def append(self, owner: Any, item: Any) -> Any:
        """Do owner.append(item)."""
        if type(owner) is list:
            if len(owner) >= LENGTH_MAX:
                self.meter.abort()
            owner.append(item)
            return None
        return self.bound(owner, "append")(item)

    def ratio(self, number: Any, /) -> tuple[int, int]:
        """Return number as a fraction."""
        upper, lower = number.as_integer_ratio()
        return checked_int(upper), checked_int(lower)

    def conjugate(self, number: Any, /) -> Any:
        """Return the number: none is complex."""
        return +number

    def from_hex(self, text: Any, /) -> float:
        """Return the float of a hexadecimal text."""
        self.meter.comparing(len(text))
        return float.fromhex(text)


def _flat(function: Any) -> Any:
    """Return a function that is no descriptor.

    Raises:
        TypeError: it is one.
    """
    if isinstance(function, (property, staticmethod, classmethod)):
        raise TypeError("a property or method is made of a function")
    return function


_STATIC: Final = frozenset({"fromkeys", "maketrans", "fromhex"})


def _of_property(method: Method, owner: Any, function: Any, /) -> Any:
    return method(owner, _flat(function))


def _unproxied(method: Method, owner: Any, /, *args: Any) -> Any:
    return method(dict(owner), *args)
