"""What the kernel keeps in memory of its newest events and log lines, and reading on in it.

Owns: the records as programs read them, the ring that keeps the newest. Does not own: making them,
how many are kept (`events.py`), who may see what (`Kernel/console/following.py`).
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

from Kernel.contract.event_text import iso_time


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Args:
        id: UUID, names it among all events of all homes; in the ledger, too.
        position: 1, 2, 3, ... within this boot.
        at_s: monotonic seconds; ages are reckoned by it, since the date may be set anew.
        time_s: the date, seconds since 1970.
        tick: the world's committed tick, None while there is no world.
        zone: whom it is about, or KERNEL.
        kind: such as "zone.died".
        level: "info", "warning" or "error".
        cause: id of the event that caused it, or "".
        payload: its values as JSON holds them, bounded (`events.py`).
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
