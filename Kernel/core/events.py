"""The kernel's events: numbered, in memory, bounded; and its log lines, kept the same way.

Owns: what one event is, how many are kept, reading on from a position. Does not own: how a line of
the log looks on stderr (`logger.py`), who may see what (`Kernel/console/following.py`). The ledger
will serve the same fields; until then events end with the kernel that made them.

Whatever the kernel logs is an event, by its name and values: `log.warning("zone.died", zone=...)`.
Three are none: `zone.stderr` is a line a zone wrote, and belongs to the logs; `world.ticking` and
`boot.progress` say every few seconds what `status` says at any time.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from Kernel.contract.event_text import iso_time
from Kernel.contract.event_words import pairs
from Kernel.ports.clock import Clock

if TYPE_CHECKING:  # the command line filters events too, and has no use for structlog
    from Kernel.core.logger import Log

EVENTS_MAX = 4096
LINES_MAX = 4096
BYTES_MAX = 2 * 1024 * 1024
"""What the kept events, and the kept lines, may take of memory (their text), bytes."""
PAYLOAD_BYTES_MAX = 4096
LINE_CHARACTERS_MAX = 2048
KERNEL = "kernel"
"""Stands for the zone where an event or a line is about none."""
_LINE_EVENT = "zone.stderr"
_NO_EVENTS = (_LINE_EVENT, "world.ticking", "boot.progress")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Args:
        id: names it among all events of all boots.
        position: 1, 2, 3, ... within this boot.
        at_s: monotonic seconds; ages are reckoned by it, since the date may be set anew.
        time_s: the date, seconds since 1970.
        tick: the world's committed tick, None while there is no world.
        zone: whom it is about, or KERNEL.
        kind: such as "zone.died".
        level: "info", "warning" or "error".
        cause: id of the event that caused it, or "".
        payload: its values as JSON holds them, at most PAYLOAD_BYTES_MAX.
    """

    id: str
    position: int
    at_s: float
    time_s: float
    tick: int | None
    zone: str
    kind: str
    level: str
    cause: str
    payload: Mapping[str, object]

    def fields(self) -> dict[str, object]:
        """Return it as programs read it."""
        return {
            "id": self.id,
            "position": self.position,
            "time": iso_time(self.time_s),
            "tick": self.tick,
            "zone": self.zone,
            "kind": self.kind,
            "level": self.level,
            "cause": self.cause or None,
            "payload": dict(self.payload),
        }


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a zone or the kernel wrote.

    Args:
        zone: whose it is; a line of the kernel about a zone carries that zone.
        source: "stderr" of a zone, or "kernel".
    """

    position: int
    time_s: float
    zone: str
    source: str
    level: str
    line: str

    def fields(self) -> dict[str, object]:
        """Return it as programs read it."""
        return {
            "position": self.position,
            "time": iso_time(self.time_s),
            "zone": self.zone,
            "source": self.source,
            "level": self.level,
            "line": self.line,
        }


class Numbered(Protocol):
    """What a ring keeps."""

    @property
    def position(self) -> int:
        """Return its number, one more than that of the one before."""

    def fields(self) -> dict[str, object]:
        """Return it as programs read it."""


Item = TypeVar("Item", bound=Numbered)


class Ring(Generic[Item]):
    """The newest numbered things, bounded by their count and by the bytes they take."""

    def __init__(self, count_max: int, bytes_max: int) -> None:
        self.newest = 0
        """Position of the newest ever added, 0 before there is one."""
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._items: deque[tuple[Item, int]] = deque()
        self._bytes = 0

    @property
    def oldest(self) -> int:
        """Return the position of the oldest that is kept; one past the newest when none is."""
        return self._items[0][0].position if self._items else self.newest + 1

    def add(self, item: Item, size_bytes: int) -> None:
        """Keep one more; the oldest go when there is no room."""
        assert item.position == self.newest + 1, "positions leave no gap"
        self.newest = item.position
        self._items.append((item, size_bytes))
        self._bytes += size_bytes
        while len(self._items) > self._count_max or (
            self._bytes > self._bytes_max and len(self._items) > 1
        ):
            self._bytes -= self._items.popleft()[1]

    def read(self, position: int) -> Iterator[Item]:
        """Yield what is kept from a position on, oldest first; nothing may be added meanwhile."""
        start = max(0, position - self.oldest)
        return (item for item, _ in islice(self._items, start, None))


class Recorder:
    """A log that keeps what it is told before it passes it on.

    Args:
        log: where everything goes besides.
        boot: names this boot in the ids of its events.
    """

    def __init__(self, log: "Log", clock: Clock, boot: str) -> None:
        self.events: Ring[Event] = Ring(EVENTS_MAX, BYTES_MAX)
        self.lines: Ring[LogLine] = Ring(LINES_MAX, BYTES_MAX)
        self.tick_now: Callable[[], int | None] = lambda: None
        """Says the world's committed tick; set when there are zones."""
        self._log = log
        self._clock = clock
        self._boot = boot

    def info(self, event: str, **values: Any) -> str:
        """Keep and say something that happened; return the event's id, "" when it is none."""
        self._log.info(event, **values)
        return self._keep("info", event, values)

    def warning(self, event: str, **values: Any) -> str:
        """Keep and say something that went wrong and was dealt with."""
        self._log.warning(event, **values)
        return self._keep("warning", event, values)

    def error(self, event: str, **values: Any) -> str:
        """Keep and say something an operator must look at."""
        self._log.error(event, **values)
        return self._keep("error", event, values)

    def note(self, event: str, **values: Any) -> str:
        """Keep something that is said in another way; return the event's id."""
        return self._keep("info", event, values)

    def _keep(self, level: str, kind: str, values: dict[str, Any]) -> str:
        zone = str(values.get("zone") or KERNEL)
        time_s = self._clock.wall_s()
        if kind == _LINE_EVENT:
            self._keep_line(time_s, zone, "stderr", level, str(values.get("line", "")))
            return ""
        self._keep_line(time_s, zone, KERNEL, level, _as_line(kind, values))
        if kind in _NO_EVENTS:
            return ""
        payload, size = _as_payload(values)
        position = self.events.newest + 1
        event = Event(
            id=f"{self._boot}-{position}",
            position=position,
            at_s=self._clock.now_s(),
            time_s=time_s,
            tick=self.tick_now(),
            zone=zone,
            kind=kind,
            level=level,
            cause=str(values.get("cause") or ""),
            payload=payload,
        )
        self.events.add(event, size + 256)  # the other fields, roughly
        return event.id

    def _keep_line(self, time_s: float, zone: str, source: str, level: str, text: str) -> None:
        text = text[:LINE_CHARACTERS_MAX]
        line = LogLine(self.lines.newest + 1, time_s, zone, source, level, text)
        self.lines.add(line, len(text) + 128)


def _as_payload(values: Mapping[str, Any]) -> tuple[dict[str, object], int]:
    """Return values as JSON would hold them, and how many bytes that takes; too much is cut."""
    own = {key: value for key, value in values.items() if key not in ("zone", "cause")}
    text = json.dumps(own, default=str, ensure_ascii=False)
    if len(text) > PAYLOAD_BYTES_MAX:
        cut = {key: str(value)[: PAYLOAD_BYTES_MAX // 16] for key, value in islice(own.items(), 8)}
        text = json.dumps(cut | {"cut": len(text)}, ensure_ascii=False)
    payload: dict[str, object] = json.loads(text)
    return payload, len(text)


def _as_line(kind: str, values: Mapping[str, Any]) -> str:
    return " ".join([kind, *pairs(values)])
