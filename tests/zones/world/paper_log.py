"""A real log on disk that is filled from worlds in memory, as the archive fills it."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, arena_event_id, pack_envelope
from tests.zones.world.worlds import read_events
from zones.ledger.log import Log, LogSettings


class PaperLog:
    """The log of a home, and how far it has stored each arena.

    Args:
        zone: whose arenas they are.
    """

    def __init__(self, folder: Path, zone: str = "stable") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._zone = zone
        self._log = Log(folder, LogSettings(), lambda kind, **payload: None)
        self._next: dict[bytes, int] = {}

    def store(self, words: ArenaWords, count: int | None = None, lose: Collection[int] = ()) -> int:
        """Store what a world has told since the last time; return how many events that were.

        Args:
            count: no more than so many.
            lose: numbers of events that are left out.
        """
        arena = words.get_bytes(Header.ARENA_ID, 16)
        told = _all_events(words)
        begin = words.state(words.get(Header.COMMIT), State.OUTBOX_NEXT) - len(told)
        first = self._next.get(arena, begin)
        told = told[first - begin :]
        told = told[:count]
        records = [
            pack_envelope(envelope_of(arena, first + place, event, self._zone))
            for place, event in enumerate(told)
            if first + place not in lose
        ]
        if records:
            self._log.append(records)
        self._next[arena] = first + len(told)
        return len(told)

    def add(self, envelope: Envelope) -> None:
        """Store any event."""
        self._log.append([pack_envelope(envelope)])

    def close(self) -> None:
        """Let others write it."""
        self._log.close()


def envelope_of(arena: bytes, number: int, event: dict[str, Any], zone: str) -> Envelope:
    """Return an event of an arena as the archive stores it."""
    payload = {key: value for key, value in event.items() if key != "kind"}
    return Envelope(
        id=arena_event_id(arena, number),
        time_ns=number,
        tick=event["tick"],
        zone=zone,
        kind=event["kind"],
        version=1,
        level=Level.INFO,
        payload=pack(payload),
        agent=arena.hex(),
    )


def _all_events(words: ArenaWords) -> list[dict[str, Any]]:
    """Return all a world has told; its outbox has never come round."""
    tick = words.get(Header.COMMIT)
    head, count = words.state(tick, State.OUTBOX_HEAD), words.state(tick, State.OUTBOX_NEXT)
    if not head:
        return []
    first = int.from_bytes(words.outbox()[:8], "little")
    assert count >= first
    return read_events(words, first, 0)
