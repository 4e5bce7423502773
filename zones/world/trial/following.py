"""Telemetry of a run, read from its outbox while it ticks.

Owns: reading the ring of a world that may write anything into it, what is kept of it. Does not own:
what it means (`measures.py`). Everything found there is hostile: bounded, checked, or a lie.

Followed while it runs, since a long run writes more than the ring holds; what is read is
acknowledged in a page that both processes map.
"""

import mmap
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from Kernel.contract import rings
from Kernel.contract.arena import ArenaWords, Header, Side, State
from Kernel.contract.codec import unpack
from Kernel.contract.errors import CodecError, RingDamaged

LOOKS_MAX: Final = 8
ENTRIES_MAX: Final = 4096
"""Read in one look: no more fit into the ring."""
KEPT_MAX: Final = 4096
COUNT_MAX: Final = 2**53


class Lied(Exception):
    """What a run has left contradicts itself. Its text follows "it"."""


class Period(NamedTuple):
    """What is kept of one `telemetry` event."""

    tick: int
    population: int
    energy: float


class Follower:
    """Reads the outbox of one run.

    Args:
        words: over the memory of the run, which keeps to the layout that was founded.
        side: a page that the run maps, too: it learns there what may be written over.
        tick: that the run begins with.
    """

    def __init__(self, words: ArenaWords, side: mmap.mmap, tick: int, sequence: int) -> None:
        self._words = words
        self._ring = words.outbox()
        self._acked = memoryview(side).cast("Q")
        self._tick = tick
        self._sequence = sequence
        self._offset = 0
        self.periods: list[Period] = []

    def look(self) -> None:
        """Read what has been committed since the last look.

        Raises:
            Lied: it is no ring, or not the one that was read before.
        """
        told = self._committed()
        if told is None:
            return
        head, newest = told
        if not 0 <= head - self._offset <= len(self._ring):
            raise Lied(f"says that its events end at {head}, having begun at {self._offset}")
        try:
            for _ in range(ENTRIES_MAX):
                if self._sequence >= newest:
                    break
                entry = rings.read(self._ring, self._offset, head, self._sequence)
                self._sequence, self._offset = self._sequence + 1, entry.next_offset
                self._keep(unpack(entry.payload))
        except (RingDamaged, CodecError) as error:
            raise Lied(f"wrote events that cannot be read: {error.message}") from error
        self._acked[Side.OUTBOX_ACKED_OFFSET >> 3] = self._offset

    def _committed(self) -> tuple[int, int] | None:
        """Return head and next number of the committed tick; None: it changes too often now."""
        words = self._words
        for _ in range(LOOKS_MAX):
            tick = words.get(Header.COMMIT)
            head, newest = (
                words.state(tick, State.OUTBOX_HEAD),
                words.state(tick, State.OUTBOX_NEXT),
            )
            if words.get(Header.COMMIT) == tick:
                return (head, newest) if tick > self._tick else None
        return None

    def _keep(self, event: Any) -> None:
        if not isinstance(event, Mapping) or event.get("kind") != "telemetry":
            return
        tick: Any = event.get("tick")
        population: Any = event.get("entity_count")
        energy: Any = event.get("avg_energy")
        sound = type(tick) is int and type(population) is int and type(energy) is float
        if not sound or not (0 <= tick < COUNT_MAX and 0 <= population < COUNT_MAX):
            raise Lied("wrote telemetry that is none")
        if not 0.0 <= energy < COUNT_MAX:  # nor what is no number
            raise Lied(f"tells of a mean energy of {energy}")
        if len(self.periods) < KEPT_MAX:
            self.periods.append(Period(tick, population, energy))
