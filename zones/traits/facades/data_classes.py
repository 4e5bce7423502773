"""`dataclasses` for traits, made of closures: no text is compiled.

Owns: the public names of that module. `slots=True` and `weakref_slot` change nothing here. Texts,
comparisons and hashes of fields go through the guards, since fields may hold each other deeply.
"""

from collections.abc import Callable
from typing import Any, Final

from zones.traits.facades.tools import Tools
from zones.traits.word_lists import words

_FIELDS: Final = "__dataclass_fields__"
_CLASS_COST: Final = 50


class Missing:
    """What stands for no default."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


class InitVar:
    """`InitVar`, for annotations."""

    __slots__ = ()

    def __class_getitem__(cls, parameters: Any) -> type:
        return cls


class Field:
    """One field of a dataclass; it cannot be changed once it is: its name is read by name."""

    __slots__ = (
        "_molt_done",
        "compare",
        "default",
        "default_factory",
        "hash",
        "init",
        "init_only",
        "kw_only",
        "metadata",
        "name",
        "repr",
        "type",
    )

    name: str
    type: Any
    init_only: bool
    default: Any
    default_factory: Any
    init: bool
    repr: bool
    hash: bool | None
    compare: bool
    kw_only: bool | None

    def __init__(self, **options: Any) -> None:
        for option in _OPTIONS:
            setattr(self, option, options[option])
        self._molt_done = True

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(self, "_molt_done"):
            raise AttributeError(f"cannot set {name!r} of a field")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r} of a field")

    def __repr__(self) -> str:
        return f"Field(name={self.name!r})"


_OPTIONS: Final = words(
    "name type init_only default default_factory init repr hash compare kw_only"
)


class DataClasses:
    """`dataclasses` of one trait."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.missing = Missing()
        self.frozen_error = type(
            "FrozenInstanceError", (AttributeError,), {"__module__": "builtins"}
        )

    def public(self) -> dict[str, Any]:
        """Return the module's names."""
        made = {name: getattr(self, name) for name in _PUBLIC}
        made["FrozenInstanceError"] = self.frozen_error
        made["InitVar"], made["KW_ONLY"] = type("InitVar", (InitVar,), {}), Missing()
        made["MISSING"] = self.missing
        return made

    def field(self, **options: Any) -> Any:
        """Return what describes a field."""
        known: dict[str, Any] = {
            "default": self.missing,
            "default_factory": self.missing,
            "init": True,
            "repr": True,
            "hash": None,
            "compare": True,
            "kw_only": None,
        }
        options.pop("metadata", None)
        if options.keys() - known.keys():
            raise TypeError("field() got an unexpected keyword argument")
        made = Field(name="", type=None, init_only=False, **{**known, **options})
        if made.default is not self.missing and made.default_factory is not self.missing:
            raise ValueError("cannot specify both default and default_factory")
        return made

    def dataclass(self, cls: Any = None, /, **options: Any) -> Any:
        """Make a class a dataclass."""
        if cls is None:
            return lambda cls: self._made(cls, options)
        return self._made(cls, options)

    def _made(self, cls: type, options: dict[str, Any]) -> type:
        self.tools.meter.charge(_CLASS_COST)
        unknown = options.keys() - _SWITCHES.keys()
        if unknown:
            raise TypeError("dataclass() got an unexpected keyword argument")
        on = {**_SWITCHES, **options}
        fields = self._gather(cls, bool(on["kw_only"]))
        setattr(cls, _FIELDS, fields)
        listed = [one for one in fields.values() if not one.init_only]
        if on["init"] and "__init__" not in cls.__dict__:
            self._check_order(fields)
            setattr(cls, "__init__", self._initializer(cls, fields, bool(on["frozen"])))  # noqa: B010
        methods: dict[str, Any] = {}
        if on["repr"]:
            methods["__repr__"] = self._representation([one for one in listed if one.repr])
        compared = [one for one in listed if one.compare]
        if on["eq"]:
            methods["__eq__"] = self._equality(cls, compared)
        if on["order"]:
            methods |= self._ordering(cls, compared)
        if on["frozen"]:
            methods |= self._frozen()
        if on["match_args"]:
            order = tuple(one.name for one in fields.values() if one.init and not one.kw_only)
            methods["__match_args__"] = order
        for name, method in methods.items():
            if name not in cls.__dict__:
                setattr(cls, name, method)
        if on["unsafe_hash"] or (on["eq"] and on["frozen"]):
            hashed = [one for one in listed if (one.compare if one.hash is None else one.hash)]
            cls.__hash__ = self._hashing(hashed)  # type: ignore[method-assign,assignment]
        elif on["eq"]:
            cls.__hash__ = None  # type: ignore[method-assign,assignment]  # as dataclasses does
        return cls

    def _gather(self, cls: type, all_keywords: bool) -> dict[str, Field]:
        """Return the fields of a class, its bases' first."""
        fields: dict[str, Field] = {}
        for base in reversed(cls.__mro__[1:]):
            fields.update(base.__dict__.get(_FIELDS, {}))
        keywords = all_keywords
        for name, annotation in vars(cls).get("__annotations__", {}).items():
            text = str(annotation)
            if "KW_ONLY" in text:
                keywords = True
                continue
            if "ClassVar" in text:
                continue
            default = cls.__dict__.get(name, self.missing)
            made = default if isinstance(default, Field) else self.field(default=default)
            if isinstance(default, Field):
                self._put_default(cls, name, made)
            if isinstance(made.default, (list, dict, self.tools.sets[0])):
                kind = type(made.default).__name__
                raise ValueError(f"mutable default {kind} for field {name}: use default_factory")
            told = {option: getattr(made, option) for option in _OPTIONS}
            told |= {"name": name, "type": text, "init_only": "InitVar" in text}
            told["kw_only"] = keywords if made.kw_only is None else made.kw_only
            fields[name] = Field(**told)
        return fields

    def _frozen(self) -> dict[str, Any]:
        error = self.frozen_error

        def __setattr__(self: Any, name: str, value: Any) -> None:
            raise error(f"cannot assign to field {name!r}")

        def __delattr__(self: Any, name: str) -> None:
            raise error(f"cannot delete field {name!r}")

        return {"__setattr__": __setattr__, "__delattr__": __delattr__}

    def _put_default(self, cls: type, name: str, field: Field) -> None:
        if field.default is self.missing:
            delattr(cls, name)
        else:
            setattr(cls, name, field.default)

    def _check_order(self, fields: dict[str, Field]) -> None:
        seen = False
        for one in fields.values():
            if not one.init or one.kw_only:
                continue
            if not self._required(one):
                seen = True
            elif seen:
                raise TypeError(f"non-default argument {one.name!r} follows default argument")

    def _required(self, field: Field) -> bool:
        return field.default is self.missing and field.default_factory is self.missing

    def _initializer(
        self, cls: type, fields: dict[str, Field], frozen: bool
    ) -> Callable[..., None]:
        ordered = list(fields.values())
        places = [one.name for one in ordered if one.init and not one.kw_only]
        taken = {one.name for one in ordered if one.init}
        post = [one.name for one in ordered if one.init_only]
        put = object.__setattr__
        missing, meter = self.missing, self.tools.meter
        name = cls.__name__

        def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:
            if cls not in type(self).__mro__:  # P.__init__(entity) would set what it likes
                raise TypeError(f"{name}.__init__() is for instances of {name}")
            if len(args) > len(places):
                raise TypeError(f"{name}.__init__() takes {len(places)} arguments")
            given = dict(zip(places, args, strict=False))
            with meter.deeper():
                fill(self, given, kwargs)

        def fill(self: Any, given: dict[str, Any], kwargs: dict[str, Any]) -> None:
            for key, value in kwargs.items():
                if key in given or key not in taken:
                    raise TypeError(f"{name}.__init__() got an unexpected argument {key!r}")
                given[key] = value
            for one in ordered:
                value = given.get(one.name, missing) if one.init else missing
                if value is missing:
                    if one.default_factory is not missing:
                        value = one.default_factory()
                    elif one.default is not missing:
                        value = one.default
                    elif one.init:
                        raise TypeError(f"{name}.__init__() missing argument {one.name!r}")
                    else:
                        continue
                if one.init_only:
                    given[one.name] = value
                else:
                    put(self, one.name, value)
            after = getattr(type(self), "__post_init__", None)
            if after is not None:
                after(self, *(given[one] for one in post))

        return __init__

    def _representation(self, fields: list[Field]) -> Callable[[Any], str]:
        texts, meter = self.tools.texts, self.tools.meter

        def __repr__(self: Any) -> str:
            meter.enter()
            try:
                shown = []
                for one in fields:
                    meter.step()
                    shown.append(f"{one.name}={texts.represent(getattr(self, one.name))}")
                return texts.joined(type(self).__name__, "(", ", ".join(shown), ")")
            finally:
                meter.leave()

        return __repr__

    def _values(self, fields: list[Field]) -> Callable[[Any], tuple[Any, ...]]:
        meter = self.tools.meter

        def values(instance: Any) -> tuple[Any, ...]:
            meter.step()
            meter.comparing(len(fields))
            return tuple(getattr(instance, one.name) for one in fields)

        return values

    def _equality(self, cls: type, fields: list[Field]) -> Callable[[Any, Any], Any]:
        values, equal, meter = self._values(fields), self.tools.comparing.equal, self.tools.meter

        def __eq__(self: Any, other: Any) -> Any:
            if type(other) is not type(self):
                return NotImplemented
            meter.enter()
            try:
                return equal(values(self), values(other))
            finally:
                meter.leave()

        return __eq__

    def _ordering(self, cls: type, fields: list[Field]) -> dict[str, Any]:
        values, comparing, meter = self._values(fields), self.tools.comparing, self.tools.meter

        def ordered(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
            def compare(self: Any, other: Any) -> Any:
                if type(other) is not type(self):
                    return NotImplemented
                meter.enter()
                try:
                    return operate(values(self), values(other))
                finally:
                    meter.leave()

            return compare

        return {
            "__lt__": ordered(comparing.less),
            "__le__": ordered(comparing.less_or_equal),
            "__gt__": ordered(comparing.greater),
            "__ge__": ordered(comparing.greater_or_equal),
        }

    def _hashing(self, fields: list[Field]) -> Callable[[Any], int]:
        values, key, meter = self._values(fields), self.tools.comparing.key, self.tools.meter

        def __hash__(self: Any) -> int:
            meter.enter()
            try:
                return hash(key(values(self)))
            finally:
                meter.leave()

        return __hash__

    def is_dataclass(self, value: Any, /) -> bool:
        """Tell whether a value is a dataclass or an instance of one."""
        return hasattr(value, _FIELDS)

    def fields(self, value: Any, /) -> tuple[Any, ...]:
        """Return the fields."""
        found = getattr(value, _FIELDS, None)
        if found is None:
            raise TypeError("must be called with a dataclass type or instance")
        return tuple(one for one in found.values() if not one.init_only)

    def replace(self, instance: Any, /, **changes: Any) -> Any:
        """Return a copy with other values."""
        for one in self.fields(instance):
            if one.init and one.name not in changes:
                changes[one.name] = getattr(instance, one.name)
        return type(instance)(**changes)

    def asdict(self, instance: Any, *, dict_factory: Any = None) -> Any:
        """Return the fields as a dict, dataclasses within likewise."""
        return self._taken_apart(instance, 40, dict_factory or self._as_dict)

    def _as_dict(self, pairs: list[Any]) -> dict[Any, Any]:
        return dict(pairs)

    def astuple(self, instance: Any, *, tuple_factory: Any = None) -> Any:
        """Return the fields as a tuple, dataclasses within likewise."""
        factory = tuple_factory or tuple
        return self._taken_apart(instance, 40, lambda pairs: factory([v for _, v in pairs]))

    def _taken_apart(self, value: Any, depth: int, factory: Any) -> Any:
        self.tools.meter.step()
        if depth <= 0:
            self.tools.meter.abort()
        inner = depth - 1
        if hasattr(type(value), _FIELDS):
            return factory(
                [
                    (one.name, self._taken_apart(getattr(value, one.name), inner, factory))
                    for one in self.fields(value)
                ]
            )
        if type(value) in (list, tuple):
            items = [self._taken_apart(one, inner, factory) for one in value]
            return items if type(value) is list else tuple(items)
        if isinstance(value, dict):
            return {key: self._taken_apart(one, inner, factory) for key, one in dict.items(value)}
        return value


_PUBLIC: Final = ("asdict", "astuple", "dataclass", "field", "fields", "is_dataclass", "replace")
_SWITCHES: Final = {
    "init": True,
    "repr": True,
    "eq": True,
    "order": False,
    "unsafe_hash": False,
    "frozen": False,
    "match_args": True,
    "kw_only": False,
    "slots": False,
    "weakref_slot": False,
}
