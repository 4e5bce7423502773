"""The worst periods of a run: what a glance at its telemetry should show first.

Owns: reading the events of an outbox nobody else reads, and the extremes. Does not own: what
counts as a problem (the Watcher's thresholds). Standard library only.
"""

from typing import Any, Final

from Kernel.contract import rings
from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.codec import unpack

BEFORE: Final = 5
"""Growth is measured against the mean of so many periods before, as the Watcher does."""


class EventReader:
    """Reads the outbox of one arena in the process that runs it; what is read counts as stored."""

    def __init__(self, words: ArenaWords) -> None:
        self._words = words
        self._ring = words.outbox()
        self._sequence = words.state(words.get(Header.COMMIT), State.OUTBOX_NEXT)
        self._offset = words.state(words.get(Header.COMMIT), State.OUTBOX_HEAD)

    @property
    def sequence(self) -> int:
        """Return the number of the event that is read next."""
        return self._sequence

    def stored(self) -> int:
        """Return the offset up to which the ring may be written over: all that is read."""
        return self._offset

    def read(self) -> list[dict[str, Any]]:
        """Return the events committed since the last call, oldest first."""
        tick = self._words.get(Header.COMMIT)
        head = self._words.state(tick, State.OUTBOX_HEAD)
        newest = self._words.state(tick, State.OUTBOX_NEXT)
        found = []
        while self._sequence < newest:
            entry = rings.read(self._ring, self._offset, head, self._sequence)
            self._sequence, self._offset = self._sequence + 1, entry.next_offset
            found.append(unpack(entry.payload))
        return found


class Peaks:
    """Extremes over the periods of one run.

    `starvation`: share of a period's population (living and dead) that starved in it; `deaths`:
    that died at all; `growth`: population over the mean of the BEFORE periods before;
    `diversity`: least number of equally large lineages.
    """

    def __init__(self) -> None:
        self._found: dict[str, dict[str, float]] = {}
        self._populations: list[int] = []

    def add(self, period: dict[str, Any]) -> None:
        """Take an event into account if it is `telemetry`."""
        if period["kind"] != "telemetry":
            return
        living, dead = period["entity_count"], period["deaths_last_period"]
        present = max(living + dead, 1)
        self._keep("starvation", period["death_starvation"] / present, period["tick"])
        self._keep("deaths", dead / present, period["tick"])
        self._keep("diversity", period["lineage_diversity"], period["tick"], least=True)
        if self._populations:
            mean = sum(self._populations) / len(self._populations)
            self._keep("growth", living / max(mean, 1.0), period["tick"])
        self._populations = [*self._populations[-BEFORE + 1 :], living]

    def fields(self) -> dict[str, dict[str, float]]:
        """Return {name: {value, tick}} of all that were found."""
        return self._found

    def _keep(self, name: str, value: float, tick: int, *, least: bool = False) -> None:
        best = self._found.get(name)
        if best is None or (value < best["value"] if least else value > best["value"]):
            self._found[name] = {"value": round(value, 4), "tick": tick}
