"""Which events are meant: `kind=zone.*`, `zone!=stable`, `tick=100..200`, `payload.why=*disk*`.

Owns: the grammar and its meaning, the same for the kernel's ring, the ledger and the browser. Does
not own: the events, nor how the fitting ones are found quickly (`zones/runtime/ledger_search.py`).
Pure.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final, Protocol

from Kernel.contract.errors import UsageError
from Kernel.contract.quantities import parse_duration, parse_whole

FILTERS_MAX = 8
TEXT_MAX = 128
FIELD_CHARS_MAX: Final = 64
FIELDS = (
    "kind", "zone", "tick", "cause", "level", "id", "position",
    "agent", "role", "trace", "span", "time",
)  # fmt: skip
"""Fields of an event; any other name is one of its payload, as `payload.NAME` always is."""
NUMBERS: Final = frozenset(("tick", "position"))
"""Fields that take a range, too: 100..200, 100.. or ..200, both ends in it."""
LEVELS: Final = ("info", "warning", "error")
PAYLOAD: Final = "payload."
_FILTER = re.compile(r"([a-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)(!?)=(.+)", re.DOTALL)
_RANGE = re.compile(r"([0-9]{0,19})\.\.([0-9]{0,19})")
_HINT = "molt help events"


class Filterable(Protocol):
    """An event, with an attribute for each of FIELDS that it has."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """Its own values."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One field that must, or must not, have a value; `*`, `?` and `[..]` stand for anything."""

    field: str
    pattern: str
    negated: bool = False

    def passes(self, event: Filterable) -> bool:
        """Return whether an event has that value; one without the field has none.

        The zone an event of the kernel is about counts as its zone, too (`about`).
        """
        fits = self.accepts(self._value(event))
        if not fits and self.field == "zone":
            fits = self.accepts(getattr(event, "about", None))
        return fits is not self.negated

    def accepts(self, value: object) -> bool:
        """Return whether the pattern, as it is without `!`, fits a value."""
        if isinstance(value, list | tuple):  # one of its values is enough, as in tags=food
            return any(
                self.accepts(inner) for inner in value if not isinstance(inner, list | tuple)
            )
        if value is None or isinstance(value, Mapping):
            return False
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, int) and self.field in NUMBERS:
            bounds = self.bounds
            if bounds is not None:
                return bounds[0] <= value and (bounds[1] is None or value <= bounds[1])
        return fnmatchcase(str(value), self.pattern)

    @property
    def bounds(self) -> tuple[int, int | None] | None:
        """The first and the last number of a range, None when the pattern is none."""
        found = _RANGE.fullmatch(self.pattern)
        if found is None:
            return None
        return int(found[1] or 0), int(found[2]) if found[2] else None

    @property
    def is_exact(self) -> bool:
        """Whether the pattern stands for one text only."""
        return not any(sign in self.pattern for sign in "*?[")

    @property
    def is_of_payload(self) -> bool:
        """Whether it looks into the payload."""
        return self.field not in FIELDS

    def _value(self, event: Filterable) -> object:
        if self.field in FIELDS:
            found = getattr(event, self.field, None)
            if found is not None or hasattr(event, self.field):
                return found
        value: object = event.payload
        for name in self.field.removeprefix(PAYLOAD).split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value


@dataclass(frozen=True, slots=True)
class Since:
    """A point in time: one of the four is set.

    Args:
        time_s: a date, seconds since 1970.
    """

    text: str
    ago_s: float | None = None
    tick: int | None = None
    position: int | None = None
    time_s: float | None = None


def parse_filter(text: str) -> Filter:
    """Return the filter in FIELD=VALUE or FIELD!=VALUE.

    Raises:
        UsageError: it has another form, is too long, or can fit no event.
    """
    match = _FILTER.fullmatch(text) if len(text) <= TEXT_MAX else None
    if match is None or len(match[1]) > FIELD_CHARS_MAX:
        raise UsageError(
            f"cannot filter by {text[:48]!r}: write FIELD=VALUE, as in kind=zone.*, "
            f"at most {TEXT_MAX} characters",
            _HINT,
        )
    wanted = Filter(match[1], match[3], bool(match[2]))
    wants = _what_it_takes(wanted)
    if wants:
        raise UsageError(f"cannot filter by {text[:48]!r}: {wanted.field} {wants}", _HINT)
    return wanted


def _what_it_takes(wanted: Filter) -> str:
    """Return what a field takes whose pattern can fit no event at all, "" when it may."""
    if wanted.field == "payload":
        return "has fields: write payload.NAME"
    if wanted.field == "level" and wanted.is_exact and wanted.pattern not in LEVELS:
        return f"is one of {', '.join(LEVELS)}"
    if wanted.field in NUMBERS and wanted.is_exact:
        bounds = wanted.bounds
        if bounds is None and not wanted.pattern.isdecimal():
            return "takes a number, or a span as in 100..200"
        if bounds is not None and bounds[1] is not None and bounds[1] < bounds[0]:
            return "takes a span whose end is not before its beginning"
    return ""


def parse_since(text: str) -> Since:
    """Return the point in time: a duration before now, tick:N, #POSITION, or a date.

    A date is ISO 8601, 2026-11-27 or 2026-11-27T20:15; without a zone it is the machine's.

    Raises:
        UsageError: it is none of them.
    """
    word = text.strip()
    try:
        if word.startswith("tick:"):
            return Since(text, tick=parse_whole(word.removeprefix("tick:")))
        if word.startswith("#"):
            return Since(text, position=parse_whole(word.removeprefix("#")))
        if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", word) is not None:
            return Since(text, time_s=datetime.fromisoformat(word).timestamp())
        return Since(text, ago_s=parse_duration(word))
    except (ValueError, OverflowError, UsageError) as error:
        raise UsageError(
            f"cannot read since {word[:32]!r}: write 5m (ago), tick:184500, #17 or "
            "2026-11-27T20:15",
            _HINT,
        ) from error


def passes(event: Filterable, filters: Iterable[Filter]) -> bool:
    """Return whether an event passes all of them."""
    return all(each.passes(event) for each in filters)
