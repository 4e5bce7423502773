"""Which events are meant: `kind=zone.*`, `zone=stable`, `--since 5m`, `--since tick:N`.

Owns: the grammar and its meaning. Does not own: the events (`Kernel/core/events.py`). Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from Kernel.console.wait_expression import parse_duration, parse_whole
from Kernel.contract.errors import UsageError

if TYPE_CHECKING:  # the command line reads filters, too, and has no events
    from Kernel.core.events import Event, Ring

FILTERS_MAX = 8
TEXT_MAX = 128
FIELDS = ("kind", "zone", "tick", "cause", "level", "id", "position")
"""Fields of every event; any other name is one of its payload."""
_FILTER = re.compile(r"([a-z][a-z0-9_]{0,31})=(.+)", re.DOTALL)
_HINT = "molt help events"


@dataclass(frozen=True, slots=True)
class Filter:
    """One field that must have a value; `*`, `?` and `[..]` stand for what a shell takes them."""

    field: str
    pattern: str

    def passes(self, event: "Event") -> bool:
        """Return whether the event has that value; one without the field does not."""
        value = getattr(event, self.field) if self.field in FIELDS else _of_payload(self, event)
        if isinstance(value, bool):
            value = "true" if value else "false"
        return value is not None and fnmatchcase(str(value), self.pattern)


@dataclass(frozen=True, slots=True)
class Since:
    """A point in time: one of the three is set."""

    text: str
    ago_s: float | None = None
    tick: int | None = None
    position: int | None = None

    def includes(self, event: "Event", now_s: float) -> bool:
        """Return whether an event is not before it.

        Args:
            now_s: monotonic seconds.
        """
        if self.ago_s is not None:
            return event.at_s >= now_s - self.ago_s
        if self.tick is not None:
            return event.tick is not None and event.tick >= self.tick
        assert self.position is not None, "one of the three is set"
        return event.position >= self.position


def parse_filter(text: str) -> Filter:
    """Return the filter in FIELD=VALUE.

    Raises:
        UsageError: it has another form, or is too long.
    """
    match = _FILTER.fullmatch(text) if len(text) <= TEXT_MAX else None
    if match is None:
        raise UsageError(
            f"cannot filter by {text[:48]!r}: write FIELD=VALUE, as in kind=zone.*, "
            f"at most {TEXT_MAX} characters",
            _HINT,
        )
    return Filter(match[1], match[2])


def parse_since(text: str) -> Since:
    """Return the point in time: a duration before now, tick:N, or #POSITION.

    Raises:
        UsageError: it is none of them.
    """
    word = text.strip()
    try:
        if word.startswith("tick:"):
            return Since(text, tick=parse_whole(word.removeprefix("tick:")))
        if word.startswith("#"):
            return Since(text, position=parse_whole(word.removeprefix("#")))
        return Since(text, ago_s=parse_duration(word))
    except (ValueError, UsageError) as error:
        raise UsageError(
            f"cannot read since {word[:32]!r}: write 5m (ago), tick:184500 or #17", _HINT
        ) from error


def first_position(
    ring: "Ring[Event]",
    filters: Sequence[Filter],
    since: Since | None,
    last: int | None,
    now_s: float,
) -> int:
    """Return from which position on to read: of those that pass, the last so many.

    Args:
        since: only those not before it; None: all that are kept.
        last: at most so many of those that are there by now; None: all of them.
    """
    fitting = [
        event.position
        for event in ring.read(ring.oldest)
        if (since is None or since.includes(event, now_s)) and passes(event, filters)
    ]
    if last is not None:
        fitting = fitting[-last:] if last else []
    return fitting[0] if fitting else ring.newest + 1


def passes(event: "Event", filters: Sequence[Filter]) -> bool:
    """Return whether an event passes all of them."""
    return all(each.passes(event) for each in filters)


def _of_payload(wanted: Filter, event: "Event") -> object:
    return event.payload.get(wanted.field)
