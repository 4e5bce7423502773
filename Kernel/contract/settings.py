"""Tables of configuration keys, and the one reader of values by such a table.

Owns: what a key is, its check, reading plain data by a table, the form in which a service tells
its table. Does not own: which keys there are (`Kernel/config_keys.py`, `settings.py` of a
service), files and lines (`sources.py`). What a key is for stands once, as the comment in its
file; editors are shown that comment (`tools/config_schema.py`).
Standard library only. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from Kernel.contract.errors import CodecError, Fault

SHOWN_MAX: Final = 80
KEYS_MAX: Final = 256
_PLAIN: Final = {None: "empty", True: "true", False: "false"}
_SIZE_MAX: Final = 2.0**64


class Sort(StrEnum):
    """What the value of a key is."""

    NUMBER = "number"
    WHOLE = "whole number"
    FLAG = "true or false"
    TEXT = "text"
    CHOICE = "choice"
    NAMES = "list of names"


class Effect(StrEnum):
    """When another value of a key counts."""

    NOW = "now"
    """At once."""
    TICK = "next tick"
    """It is sent to the world as an input, as by `molt params`."""
    PROCESS = "next process"
    """With the next process of the zone that is started."""
    GENERATION = "next generation"
    """With the next zygote that is prepared."""
    BOOT = "next boot"
    """Not while this kernel runs."""
    FOUNDING = "founding"
    """Not while this world exists."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Args:
        default: what stands for it when it is left out; None: it must be given, or what it is
            then follows from others.
        of: the key it follows from where it is left out and has no default, with a share of that as
            numerator and denominator; the result is rounded down.
        low, high: smallest and largest NUMBER or WHOLE, both allowed.
        choices: the values of a CHOICE; the names that NAMES may have, none: any.
        required: it cannot be left out.
        field: its name in the dataclass it is read into, "" the same.
        scale: the number is multiplied by this on its way there.
    """

    name: str
    sort: Sort
    default: Any = None
    low: float = 0
    high: float = 0
    unit: str = ""
    effect: Effect = Effect.NOW
    choices: tuple[str, ...] = ()
    required: bool = False
    field: str = ""
    scale: float = 1
    of: tuple[str, int, int] | None = None

    def fault(self, value: object) -> str:
        """Return why the value cannot be taken, as it follows the key, or ""."""
        return "" if self._fits(value) else f"is {show(value)}, it takes {self.takes()}"

    def takes(self) -> str:
        """Return what it takes, in words."""
        match self.sort:
            case Sort.NUMBER | Sort.WHOLE:
                limits = f" from {_digits(self.low)} to {_digits(self.high)}"
                return f"a {self.sort}{limits}" + f" ({self.unit})" * bool(self.unit)
            case Sort.CHOICE:
                return ", ".join(self.choices[:-1]) + f" or {self.choices[-1]}"
            case Sort.FLAG:
                return str(self.sort)
            case Sort.NAMES if self.choices:
                return f"a {self.sort}, of {', '.join(self.choices)}"
            case _:
                return f"a {self.sort}" + f" ({self.unit})" * bool(self.unit)

    def _fits(self, value: object) -> bool:
        match self.sort:
            case Sort.NUMBER | Sort.WHOLE:
                if isinstance(value, bool) or not isinstance(value, int | float):
                    return False
                # Chained, so that NaN fails.
                in_range = self.low <= value <= self.high
                return in_range and (self.sort is Sort.NUMBER or value == int(value))
            case Sort.FLAG:
                return isinstance(value, bool)
            case Sort.TEXT:
                return isinstance(value, str)
            case Sort.CHOICE:
                return isinstance(value, str) and value in self.choices
            case Sort.NAMES:
                if not isinstance(value, list):
                    return False
                known = self.choices
                return all(isinstance(name, str) and name in (known or (name,)) for name in value)

    def read(self, value: Any) -> Any:
        """Return a value that fits as the field holds it."""
        match self.sort:
            case Sort.NUMBER:
                return float(value) * self.scale
            case Sort.WHOLE:
                return int(value)
            case Sort.NAMES:
                return tuple(value)
            case _:
                return value

    def fields(self) -> dict[str, Any]:
        """Return what a kernel must know of a service's key, as plain data."""
        return {
            "name": self.name,
            "sort": self.sort.value,
            "default": self.default,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "effect": self.effect.value,
            "of": list(self.of) if self.of else None,
            **({"choices": list(self.choices)} if self.choices else {}),
        }


def default_of(key: Key, keys: Sequence[Key], values: Mapping[str, Any]) -> Any:
    """Return what stands for a key that is left out: its default, or what follows from another.

    Args:
        values: what is said of the other keys.
    """
    if key.of is None or key.default is not None:
        return key.default
    name, numerator, denominator = key.of
    other = values.get(name)
    if other is None:
        other = next((each.default for each in keys if each.name == name), None)
    if isinstance(other, bool) or not isinstance(other, int | float) or other != other // 1:
        return None  # the other one is wrong, and that is told of it
    return int(other) * numerator // denominator


def read_values(
    keys: Sequence[Key], values: Mapping[str, Any], at: str = ""
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the values by field name, defaults filled in, and what is wrong with them.

    Args:
        at: what stands before each key in a fault, with its dot.
    """
    faults = find_faults(keys, values, at)
    wrong = {fault.key for fault in faults}
    found = {}
    for key in keys:
        value = values[key.name] if key.name in values else default_of(key, keys, values)
        if value is not None and at + key.name not in wrong:
            found[key.field or key.name] = key.read(value)
    return found, faults


def find_faults(keys: Sequence[Key], values: Mapping[str, Any], at: str = "") -> list[Fault]:
    """Return every fault of values, in their order: unknown keys, wrong ones, missing ones."""
    known = {key.name: key for key in keys}
    faults = []
    for name, value in values.items():
        key = known.get(name)
        why = _unknown(name, known) if key is None else key.fault(value)
        if why:
            faults.append(Fault(at + name, why))
    for key in keys:
        if key.required and key.name not in values:
            faults.append(Fault(at + key.name, f"is missing, it takes {key.takes()}"))
    return faults


def _unknown(name: str, known: Mapping[str, Key]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"is no key here; did you mean {close[0]}?"
    there = ", ".join(known)
    if len(there) > 2 * SHOWN_MAX:
        return f"is no key here; molt config lists the {len(known)} there are"
    return f"is no key here; there are {there}"


def parse_table(rows: object) -> tuple[Key, ...]:
    """Check the table that a service tells of its settings, and return it.

    Raises:
        CodecError: it is not a list of at most KEYS_MAX rows, or one is of no sort a service has.
    """
    if not isinstance(rows, list) or len(rows) > KEYS_MAX:
        raise CodecError(f"cannot read a table of keys: at most {KEYS_MAX} rows in a list")
    return tuple(_parse_key(row) for row in rows)


def _parse_key(row: object) -> Key:
    try:
        fields = dict(row)  # type: ignore[call-overload]  # what is no map raises
        key = Key(
            name=fields["name"],
            sort=Sort(fields["sort"]),
            default=fields["default"],
            low=fields["low"],
            high=fields["high"],
            unit=fields["unit"],
            effect=Effect(fields["effect"]),
            of=_parse_of(fields.get("of")),
            choices=tuple(fields.get("choices", ())),
        )
        sound = (
            all(
                type(text) is str and len(text) <= SHOWN_MAX
                for text in (key.name, key.unit, *key.choices)
            )
            and all(type(number) in (int, float) for number in (key.low, key.high))
            and -_SIZE_MAX <= key.low <= key.high <= _SIZE_MAX
            and key.sort is not Sort.NAMES
            and len(key.choices) <= KEYS_MAX
            and bool(key.choices) == (key.sort is Sort.CHOICE)
            and (key.default is None or not key.fault(key.default))
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CodecError(f"cannot read a key of a service: {show(row)}") from error
    if not sound:
        raise CodecError(f"cannot read a key of a service: {show(row)}")
    return key


def _parse_of(row: object) -> tuple[str, int, int] | None:
    """Return what a key follows from; an older version of a service tells nothing of it."""
    if row is None:
        return None
    if not isinstance(row, list | tuple) or [type(each) for each in row] != [str, int, int]:
        raise TypeError("a share is none")
    if not 0 <= row[1] <= row[2] != 0:
        raise ValueError("a share is out of its range")
    return row[0], row[1], row[2]


def show(value: object) -> str:
    """Return a value for a message, of at most SHOWN_MAX characters."""
    if value is None or isinstance(value, bool):
        return _PLAIN[value]
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no whole number of 4300 digits
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "..."


def _digits(number: float) -> str:
    """Return a number whole and short: 2^64 - 1 in full, 0.25 as it is."""
    return str(number) if isinstance(number, int) else f"{number:g}"
