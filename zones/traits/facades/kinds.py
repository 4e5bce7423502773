"""Classes that stand for builtin types, and what `type`, `isinstance` and `hasattr` say.

Owns: the metaclass by which a facade is the builtin type for `isinstance` and class patterns, and
is called with guards. A class of the source may derive from one; then it is a class as any other.
"""

from collections.abc import Callable
from typing import Any, Final

from zones.traits.names import RESERVED_PREFIX

REAL: Final = "_molt_real"
MAKE: Final = "_molt_make"
SEALED: Final = "_molt_sealed"


class Kind(type):
    """Metaclass of facades of builtin types."""

    def __instancecheck__(cls, instance: Any) -> bool:
        real = cls.__dict__.get(REAL)
        if real is None:
            return type.__instancecheck__(cls, instance)
        return isinstance(instance, real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        real = cls.__dict__.get(REAL)
        if real is None:
            return type.__subclasscheck__(cls, subclass)
        return issubclass(subclass.__dict__.get(REAL, subclass), real)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a value, with guards."""
        make = cls.__dict__.get(MAKE)
        if make is None:
            return type.__call__(cls, *args, **kwargs)
        return make(*args, **kwargs)

    def __setattr__(cls, name: str, value: Any) -> None:
        if SEALED in cls.__dict__ and not name.startswith("__"):
            raise TypeError(f"cannot set {name!r} of a builtin type")
        type.__setattr__(cls, name, value)

    def __delattr__(cls, name: str) -> None:
        if SEALED in cls.__dict__:
            raise TypeError(f"cannot delete {name!r} of a builtin type")
        type.__delattr__(cls, name)

    def __repr__(cls) -> str:
        return f"<class '{cls.__name__}'>"


def facade(name: str, real: type, make: Callable[..., Any], methods: dict[str, Any]) -> Kind:
    """Return a class that stands for a builtin type.

    Args:
        make: what a call of it does.
        methods: guarded methods, for subclasses; each takes the object first.
    """
    base = () if real in (bool, range, slice) else (real,)
    body: dict[str, Any] = {method: _as_method(function) for method, function in methods.items()}
    body |= {"__module__": "builtins", "__class_getitem__": classmethod(_subscripted)}
    if real in (list, dict, set):
        body["__hash__"] = None
    kind = Kind(name, base, body)
    type.__setattr__(kind, REAL, real)
    type.__setattr__(kind, SEALED, True)
    type.__setattr__(kind, MAKE, staticmethod(make).__func__)
    return kind


def _subscripted(cls: type, parameters: Any) -> type:
    return cls


def _as_method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


class OtherKind:
    """What `type` gives for a value whose class is nobody's business."""

    __slots__ = ("__name__",)

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __repr__(self) -> str:
        return f"<class {self.__name__!r}>"


class Kinds:
    """Questions about classes, for one trait.

    Attributes:
        facades: by builtin type.
        module: name of the trait's module: its classes are shown as they are.
    """

    def __init__(self, module: str) -> None:
        self.module = module
        self.facades: dict[type, Any] = {}
        self.known: set[type] = set()
        self.others: dict[str, OtherKind] = {}

    def type_of(self, value: Any, /) -> Any:
        """Return type(value)."""
        kind = type(value)
        found = self.facades.get(kind)
        if found is not None:
            return found
        if kind in self.known or issubclass(kind, Exception):
            return kind
        if kind.__module__ == self.module and not issubclass(kind, type):
            return kind
        return self.others.setdefault(kind.__name__, OtherKind(kind.__name__))

    def has_attribute(self, value: Any, name: Any, /) -> bool:
        """Return hasattr(value, name)."""
        if not isinstance(name, str) or name.startswith("__") or RESERVED_PREFIX in name:
            return False
        return hasattr(value, name)
