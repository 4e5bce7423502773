"""The builtins of interpreted traits: exactly `names.BUILTINS`, and what machinery needs.

Owns: putting them together, int, float, str, bool and dict as they are called. Does not own: the
functions that run over items (`functions.py`), sets (`sets.py`).
"""

import builtins
import re
from collections.abc import Callable
from typing import Any, Final

from zones.traits import names
from zones.traits.facades.kinds import facade
from zones.traits.facades.tools import Tools
from zones.traits.guards.arithmetic import Arithmetic, checked_int
from zones.traits.guards.dict_methods import DictMethods
from zones.traits.guards.meter import Meter
from zones.traits.word_lists import words

_PLAIN_FUNCTIONS: Final = ("bin", "callable", "chr", "hex", "len", "oct", "ord")
_DESCRIPTORS: Final = ("property", "staticmethod", "classmethod")
_DIGITS_MAX: Final = 100


def make_trait_class() -> type:
    """Return what a trait derives from; one for each trait, since a class can be written to."""

    def __init__(self: Any) -> None:
        pass

    return type("Trait", (), {"__init__": __init__, "__module__": "builtins"})


class Conversions:
    """int, float, str, bool and dict, as calls, for one trait."""

    def __init__(self, meter: Meter, dicts: DictMethods, arithmetic: Arithmetic) -> None:
        self.meter = meter
        self.machine = arithmetic.machine
        self.dicts = dicts

    def to_int(self, value: Any = 0, /, base: Any = None) -> int:
        """Return int(value, base)."""
        if base is not None or isinstance(value, str):
            return self._int_of_text(value, 10 if base is None else base)
        if isinstance(value, float):
            return int(self.machine.int_of_float(float(value)))
        if not isinstance(value, int) and not hasattr(type(value), "__int__"):
            raise TypeError(f"int() argument must be a number, not {type(value).__name__!r}")
        return int(checked_int(int(value)))

    def _int_of_text(self, text: Any, base: Any) -> int:
        if not isinstance(text, str) or not isinstance(base, int):
            raise TypeError("int() can't convert non-string with explicit base")
        self.meter.comparing(len(text))
        if len(text) > _DIGITS_MAX:
            if re.fullmatch(r"\s*[-+]?0*[0-9a-zA-Z_]{65,}\s*", text):
                raise OverflowError("int too large for 64 bits")
            raise ValueError("invalid literal for int()")
        return int(checked_int(int(text, int(base))))

    def to_float(self, value: Any = 0.0, /) -> float:
        """Return float(value)."""
        if isinstance(value, str):
            self.meter.comparing(len(value))
            return float(str(value))
        return float(value)

    def to_bool(self, value: Any = False, /) -> bool:
        """Return bool(value)."""
        return bool(value)

    def to_dict(self, items: Any = (), /, **named: Any) -> dict[Any, Any]:
        """Return dict(items, ...)."""
        made: dict[Any, Any] = {}
        self.dicts.update(made, items, **named)
        return made


def make_builtins(tools: Tools) -> dict[str, Any]:
    """Return the builtins of one trait by name."""
    arithmetic, texts, functions = tools.arithmetic, tools.texts, tools.functions
    methods, kinds, sets = tools.methods, tools.kinds, tools.sets
    conversions = Conversions(tools.meter, tools.dicts, arithmetic)
    made: dict[str, Any] = {name: getattr(builtins, name) for name in _PLAIN_FUNCTIONS}
    made |= {name: getattr(builtins, name) for name in names.EXCEPTIONS | names.VALUES}
    made["super"] = super
    made |= {name: getattr(functions, name) for name in _OVER_ITEMS}
    made |= {name: getattr(methods, name) for name in _DESCRIPTORS}
    made["object"] = object
    made["issubclass"] = tools.places.is_subclass
    made["isinstance"] = tools.places.is_instance
    made["abs"] = arithmetic.absolute
    made["divmod"] = arithmetic.divide
    made["pow"] = arithmetic.pow
    made["round"] = arithmetic.rounded
    made["format"] = texts.formatted
    made["repr"] = texts.represent
    made["type"] = kinds.type_of
    made["hasattr"] = kinds.has_attribute
    made["Trait"] = make_trait_class()
    calls: dict[type, Callable[..., Any]] = {
        int: conversions.to_int,
        float: conversions.to_float,
        str: texts.text,
        bool: conversions.to_bool,
        dict: conversions.to_dict,
        list: functions.bounded_list,
        tuple: functions.bounded_tuple,
        range: functions.range,
        slice: functions.slice,
    }
    for real, make in calls.items():
        table = methods.tables.get(real, {})
        kind = facade(real.__name__, real, make, table)
        kinds.facades[real] = made[real.__name__] = kind
        methods.facades[kind] = table
    made["set"], made["frozenset"] = sets
    kinds.known.update(sets, {object, made["Trait"]})
    return made


_OVER_ITEMS: Final = words("sum min max sorted any all enumerate zip map filter reversed iter next")


def quick_calls(made: dict[str, Any]) -> dict[str, Any]:
    """Return what a direct call of a builtin type runs, without the class in between."""
    return {
        name: getattr(made[name], "_molt_make")  # noqa: B009  # kept on the class, not for sources
        for name in ("int", "float", "str", "bool", "dict", "list", "tuple", "range")
    }
