"""`enum` for traits: the interpreter's own, with texts, look-ups and membership guarded.

Owns: the public names of that module. The machinery is the interpreter's: it compiles no text, and
what it keeps under other than public names, no trait can name.
"""

import enum
from types import MethodType
from typing import Any

from zones.traits.facades.tools import Tools

_CLASS_COST = 50
_NO_MEMBER = "{!r} is not a valid {}"
_PLAIN = (int, float, str, bool, type(None))


def make_enums(tools: Tools) -> dict[str, Any]:
    """Return the module's names."""
    meter, comparing, texts = tools.meter, tools.comparing, tools.texts

    class EnumKind(enum.EnumType):
        """Metaclass: what is looked up is measured first."""

        def __call__(cls, value: Any, names: Any = None, **options: Any) -> Any:
            if names is not None:
                meter.charge(_CLASS_COST)
                names = names.split() if isinstance(names, str) else list(meter.take(names))
                return super().__call__(value, names)
            if type(value) not in _PLAIN:
                tools.places.measured(value)
                comparing.key(value)
            meter.comparing(len(cls))
            try:
                return super().__call__(value)
            except ValueError as error:
                said = _NO_MEMBER.format(value, cls.__qualname__)
                if type(value) in _PLAIN or str(error) != said:
                    raise
                # The interpreter's own message shows where the value lies.
                shown = texts.represent(value)
            raise ValueError(f"{shown} is not a valid {cls.__qualname__}")

        def __contains__(cls, member: Any) -> bool:
            return isinstance(member, cls)

    def show(self: Any) -> str:
        return texts.joined(
            f"<{type(self).__name__}.{self.name}: ", texts.represent(self.value), ">"
        )

    made: dict[str, Any] = {
        # Neither shows what it calls: that is one for all traits.
        "auto": MethodType(_auto, tools),
        "unique": MethodType(_unique, tools),
    }
    for real in (enum.Enum, enum.Flag, enum.IntEnum, enum.IntFlag, enum.StrEnum):
        name = real.__name__
        body = EnumKind.__prepare__(name, (real,))
        body["__repr__"] = show
        body["__module__"] = "enum"
        made[name] = EnumKind(name, (real,), body)
    return made


def _auto(tools: Tools) -> Any:
    return enum.auto()


def _unique(tools: Tools, kind: Any) -> Any:
    return enum.unique(kind)
