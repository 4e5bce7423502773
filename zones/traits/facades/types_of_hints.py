"""`typing` and `collections.abc` for traits: hints are inert, classes work as code expects.

Owns: the public names of both modules. Hints are never looked at; NamedTuple, TypedDict, Protocol
and Generic make classes; the classes of `collections.abc` answer `isinstance` by methods.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from zones.traits import names
from zones.traits.facades.named_tuples import NamedTuples
from zones.traits.facades.sets import AnySet
from zones.traits.guards.dict_methods import Items, Keys, Values
from zones.traits.guards.generators import Generated
from zones.traits.word_lists import words


class Hint:
    """A hint: whatever is made of it is a hint."""

    __slots__ = ("_molt_name",)

    def __init__(self, name: str) -> None:
        self._molt_name = name

    def __getitem__(self, parameters: Any) -> "Hint":
        return self

    def __or__(self, other: Any) -> "Hint":
        return self

    def __ror__(self, other: Any) -> "Hint":
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Fail: a hint is no class."""
        raise TypeError(f"type {self._molt_name} cannot be instantiated")

    def __repr__(self) -> str:
        return f"typing.{self._molt_name}"


class Generic:
    """`Generic`."""

    def __class_getitem__(cls, parameters: Any) -> type:
        return cls


class ProtocolKind(type):
    """Metaclass of protocols: those for run time ask for the names they declare."""

    def __instancecheck__(cls, instance: Any) -> bool:
        wanted = cls.__dict__.get("_molt_wanted")
        if wanted is None:
            return type.__instancecheck__(cls, instance)
        return all(hasattr(instance, name) for name in wanted)


class Protocol(metaclass=ProtocolKind):
    """`Protocol`."""

    def __class_getitem__(cls, parameters: Any) -> type:
        return cls


class TypedDictKind(type):
    """Metaclass of typed dicts: calling one gives a dict; `total=` says nothing when it runs."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], total: bool = True
    ) -> "TypedDictKind":
        """Return the class."""
        return super().__new__(cls, name, bases, body)

    def __init__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], total: bool = True
    ) -> None:
        super().__init__(name, bases, body)

    def __call__(cls, *args: Any, **named: Any) -> Any:
        """Return a dict."""
        if "_molt_dict" in cls.__dict__:
            raise TypeError("a TypedDict is made by a class statement")
        make: Any = next(vars(one) for one in cls.__mro__ if "_molt_dict" in vars(one))
        return make["_molt_dict"](*args, **named)


_HINTS: Final = names.MODULE_NAMES["typing"]


class Hints:
    """`typing` of one trait."""

    def __init__(self, named_tuples: NamedTuples, builtins: dict[str, Any]) -> None:
        self.builtins = builtins
        self.named_tuples = named_tuples

    def public(self, abstract: dict[str, Any]) -> dict[str, Any]:
        """Return the names of `typing`.

        Args:
            abstract: names of `collections.abc`.
        """
        made: dict[str, Any] = {name: Hint(name) for name in _HINTS}
        made |= {name: getattr(self, name) for name in _FUNCTIONS}
        made["Generic"] = type("Generic", (Generic,), {})
        made["Protocol"] = ProtocolKind("Protocol", (Protocol,), {})
        made["NamedTuple"] = self.named_tuples.base()
        body = {"_molt_dict": staticmethod(self.builtins["dict"])}
        made["TypedDict"] = TypedDictKind("TypedDict", (), body)
        made["TYPE_CHECKING"] = False
        made["Text"] = self.builtins["str"]
        for name in ("TypeVar", "ParamSpec", "TypeVarTuple"):
            made[name] = self._variable
        made |= {name: kind for name, kind in abstract.items() if name in made}
        made["AbstractSet"] = abstract["Set"]
        return made

    def _variable(self, name: Any, *constraints: Any, **options: Any) -> Hint:
        return Hint(str(name))

    def NewType(self, name: Any, kind: Any) -> Callable[[Any], Any]:  # as in typing
        """Return what gives its argument back."""

        def same(value: Any) -> Any:
            return value

        same.__name__ = str(name)
        return same

    def cast(self, kind: Any, value: Any) -> Any:
        """Return the value."""
        return value

    def assert_type(self, value: Any, kind: Any, /) -> Any:
        """Return the value."""
        return value

    def assert_never(self, value: Any, /) -> Any:
        """Fail: this line is never reached."""
        raise AssertionError("Expected code to be unreachable")

    def overload(self, function: Any) -> Any:
        """Return the function."""
        return function

    def final(self, function: Any) -> Any:
        """Return the function."""
        return function

    def no_type_check(self, function: Any) -> Any:
        """Return the function."""
        return function

    def runtime_checkable(self, protocol: Any) -> Any:
        """Let a protocol answer isinstance."""
        declared = dict.fromkeys(vars(protocol).get("__annotations__", {}))
        declared |= dict.fromkeys(vars(protocol))
        wanted = tuple(name for name in declared if not name.startswith("_"))
        protocol._molt_wanted = wanted
        return protocol


_FUNCTIONS: Final = words(
    "NewType assert_never assert_type cast final no_type_check overload runtime_checkable"
)


class AbstractKind(type):
    """Metaclass of the classes of `collections.abc`."""

    _molt_answer: Callable[[Any], bool]

    def __instancecheck__(cls, instance: Any) -> bool:
        return type(cls)._molt_ask(cls, instance)

    def _molt_ask(cls, instance: Any) -> bool:
        return bool(cls.__dict__["_molt_answer"](instance))

    def __getitem__(cls, parameters: Any) -> type:
        return cls

    def __repr__(cls) -> str:
        return f"<class 'collections.abc.{cls.__name__}'>"


def _has(*methods: str) -> Callable[[Any], bool]:
    def answer(instance: Any) -> bool:
        kind = type(instance)
        return all(getattr(kind, method, None) is not None for method in methods)

    return answer


def _is(*kinds: type) -> Callable[[Any], bool]:
    def answer(instance: Any) -> bool:
        return isinstance(instance, kinds)

    return answer


def make_abstract() -> dict[str, Any]:
    """Return the names of `collections.abc`."""
    answers: dict[str, Callable[[Any], bool]] = {
        "Callable": callable,
        "Collection": _has("__len__", "__iter__", "__contains__"),
        "Container": _has("__contains__"),
        "Generator": _is(Generated),
        "Hashable": _has("__hash__"),
        "ItemsView": _is(Items),
        "Iterable": _has("__iter__"),
        "Iterator": _has("__iter__", "__next__"),
        "KeysView": _is(Keys),
        "Mapping": _has("__getitem__", "keys", "items"),
        "MutableMapping": _has("__getitem__", "__setitem__", "keys", "items"),
        "MutableSequence": _is(list, deque),
        "MutableSet": _has("add", "discard", "__contains__"),
        "Reversible": _has("__reversed__", "__iter__"),
        "Sequence": _is(list, tuple, str, range, deque),
        "Set": _is(AnySet),
        "Sized": _has("__len__"),
        "ValuesView": _is(Values),
    }
    made = {}
    for name in names.MODULE_NAMES[names.COLLECTIONS_ABC]:
        answer = answers.get(name, _never)
        made[name] = AbstractKind(name, (), {"_molt_answer": staticmethod(answer).__func__})
    return made


def _never(instance: Any) -> bool:
    return False
