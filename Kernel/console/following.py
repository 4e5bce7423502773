"""Readers of a ring, each at its own place: what is there, and what comes while they follow.

Owns: who has read how far, what was lost to a reader, how many may follow. Does not own: the rings
(`Kernel/core/events.py`), lines on the wire (`protocol.py`). Pure.

The ring is the only buffer: a reader that is behind costs no memory and no time. What the ring
lost before it was read is told to who reads on, and ends the reading of who takes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic

from Kernel.core.event_ring import Item, Ring

FOLLOWERS_MAX = 8
LINES_PER_LOOK_MAX = 48
"""How many lines one reader gets in one round, so that a long history holds nobody up."""


@dataclass(slots=True)
class Reading(Generic[Item]):
    """One reader.

    Args:
        ring: what is read.
        position: of the next that was not looked at.
        passes: whether one is wanted.
        until: position of the last to look at; None: follow without end.
        lost_kind: what a loss is called.
    """

    ring: Ring[Item]
    position: int
    passes: Callable[[Item], bool]
    until: int | None
    lost_kind: str
    told: int = 0
    """How many have been handed out."""
    lost: int = 0
    """How many were gone before they were looked at; whether they would have passed is unknown."""

    @property
    def follows(self) -> bool:
        """Whether it goes on when everything there is has been told."""
        return self.until is None

    @property
    def ended(self) -> bool:
        """Whether everything that was asked for has been told."""
        return self.until is not None and self.position > self.until

    @property
    def behind(self) -> int:
        """How many are gone that it has not looked at."""
        return max(0, self.ring.oldest - self.position)

    def read_on(self) -> Iterator[dict[str, object]]:
        """Yield what is next; whoever stops in between goes on there.

        A loss is told before what follows it.
        """
        if self.behind:
            self.lost += self.behind
            lost, self.position = self.behind, self.ring.oldest
            yield _loss(self.lost_kind, lost)
        last = self.ring.newest if self.until is None else self.until
        for item in self._ahead(last):
            self.position = item.position + 1
            if self.passes(item):
                self.told += 1
                yield item.fields()

    def _ahead(self, last: int) -> Iterator[Item]:
        for item in self.ring.read(self.position):
            if item.position > last:
                return
            yield item


def _loss(kind: str, count: int) -> dict[str, object]:
    """Return a loss in the form of an event; it has no number, as nobody else sees it."""
    return {
        "id": None,
        "position": None,
        "time": None,
        "tick": None,
        "zone": "kernel",
        "kind": kind,
        "level": "warning",
        "cause": None,
        "payload": {
            "count": count,
            "why": "they were no longer kept when this reader came to them",
        },
    }
