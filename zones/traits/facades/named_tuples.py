"""Named tuples of traits, made of closures: no text is compiled.

Owns: `collections.namedtuple` and `typing.NamedTuple`.
"""

import keyword
from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

from zones.traits.guards.meter import Meter

_CLASS_COST: Final = 50
_FIELDS_MAX: Final = 256


class NamedTuples:
    """Named tuples of one trait."""

    def __init__(self, meter: Meter, module: str) -> None:
        self.meter = meter
        self.module = module

    def namedtuple(
        self,
        typename: Any,
        field_names: Any,
        *,
        rename: Any = False,
        defaults: Any = None,
        module: Any = None,
    ) -> type:
        """Return a class of tuples with names."""
        if isinstance(field_names, str):
            field_names = field_names.replace(",", " ").split()
        fields = [str(name) for name in self.meter.take(field_names)]
        if rename:
            fields = [
                name if _is_field(name) and name not in fields[:place] else f"_{place}"
                for place, name in enumerate(fields)
            ]
        values = tuple(self.meter.take(defaults)) if defaults is not None else ()
        if len(values) > len(fields):
            raise TypeError("Got more default values than field names")
        paired = dict(zip(fields[len(fields) - len(values) :], values, strict=True))
        return self._make(str(typename), fields, paired, {}, type)

    def _make(
        self,
        name: str,
        fields: list[str],
        defaults: dict[str, Any],
        body: dict[str, Any],
        kind: Callable[..., Any],
    ) -> type:
        self.meter.charge(_CLASS_COST)
        if len(set(fields)) < len(fields) or len(fields) > _FIELDS_MAX:
            raise ValueError("field names must differ, and not be too many")
        for field in fields:
            if not _is_field(field):
                raise ValueError(f"cannot be a field name: {field!r}")
        methods = self._methods(name, tuple(fields), defaults)
        for place, field in enumerate(fields):
            methods[field] = property(itemgetter(place))
        members = {k: v for k, v in body.items() if k not in fields}
        members = {"__slots__": (), "__module__": self.module, **methods, **members}
        return kind(name, (tuple,), members)  # type: ignore[no-any-return]  # type or its like

    def _methods(
        self, name: str, fields: tuple[str, ...], defaults: dict[str, Any]
    ) -> dict[str, Any]:
        meter = self.meter
        size = len(fields)

        def __new__(cls: Any, /, *args: Any, **kwargs: Any) -> Any:
            if len(args) != size or kwargs:
                args = _complete(name, fields, defaults, args, kwargs)
            return tuple.__new__(cls, args)

        def _make(cls: Any, iterable: Any) -> Any:
            items = tuple(meter.take(iterable))
            if len(items) != size:
                raise TypeError(f"Expected {size} arguments, got {len(items)}")
            return tuple.__new__(cls, items)

        def _replace(self: Any, /, **changes: Any) -> Any:
            if changes.keys() - set(fields):
                raise ValueError("Got unexpected field names")
            return tuple.__new__(
                type(self), [changes.get(f, v) for f, v in zip(fields, self, strict=True)]
            )

        def _asdict(self: Any) -> dict[str, Any]:
            return dict(zip(fields, self, strict=True))

        return {
            "__new__": __new__,
            "__match_args__": fields,
            "_fields": fields,
            "_field_defaults": dict(defaults),
            "_make": classmethod(_make),
            "_replace": _replace,
            "_asdict": _asdict,
        }

    def base(self) -> Any:
        """Return `NamedTuple`: a base, or a function of (name, fields)."""
        tuples = self

        class NamedTupleKind(type):
            def __new__(mcs, name: str, bases: Any, body: dict[str, Any]) -> Any:
                annotations = body.get("__annotations__", {})
                fields = list(annotations)
                defaults = {field: body[field] for field in fields if field in body}
                late = [field in defaults for field in fields]
                if late != sorted(late):
                    raise TypeError("a field without a default follows one that has one")
                return tuples._make(name, fields, defaults, body, type)

            def __call__(cls, typename: Any, fields: Any = (), /) -> Any:
                pairs = [tuple(tuples.meter.take(pair)) for pair in tuples.meter.take(fields)]
                return tuples.namedtuple(typename, [pair[0] for pair in pairs])

        return type.__new__(NamedTupleKind, "NamedTuple", (), {})


def _complete(
    name: str, fields: tuple[str, ...], defaults: dict[str, Any], args: Any, kwargs: dict[str, Any]
) -> tuple[Any, ...]:
    """Return all values, from those given and the defaults."""
    if len(args) > len(fields):
        raise TypeError(f"{name}() takes {len(fields)} values")
    given = dict(zip(fields, args, strict=False))
    for key, value in kwargs.items():
        if key in given or key not in fields:
            raise TypeError(f"{name}() got an unexpected argument {key!r}")
        given[key] = value
    for field in fields:
        if field not in given:
            if field not in defaults:
                raise TypeError(f"{name}() missing argument {field!r}")
            given[field] = defaults[field]
    return tuple(given[field] for field in fields)


def _is_field(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
