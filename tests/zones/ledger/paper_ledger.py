"""A ledger in memory, and events for it: what derived tables and questions are tested with."""

from collections.abc import Iterator, Sequence
from typing import Any

from Kernel.contract.codec import pack
from Kernel.contract.envelope import (
    Envelope,
    Level,
    Role,
    arena_event_id,
    pack_envelope,
)

START_NS = 1_800_000_000_000_000_000


def event_id(number: int) -> bytes:
    """Return the id of the event with this number in a test."""
    return arena_event_id(b"a paper ledger..", number)


def make(number: int, kind: str = "telemetry", **fields: Any) -> Envelope:
    """Return an event whose id and time follow from its number; `payload` is a map."""
    payload = fields.pop("payload", {})
    cause = fields.pop("cause", b"")
    told: dict[str, Any] = {
        "id": event_id(number),
        "time_ns": START_NS + number * 1_000_000_000,
        "tick": number,
        "zone": "stable",
        "kind": kind,
        "version": 1,
        "level": Level.INFO,
        "payload": payload if isinstance(payload, bytes) else pack(payload),
        "cause": event_id(cause) if isinstance(cause, int) else cause,
        "role": Role.UNSPECIFIED,
    }
    return Envelope(**(told | fields))


class PaperLedger:
    """What `LedgerReader` offers, over a list."""

    def __init__(self, events: Sequence[Envelope | bytes] = ()) -> None:
        self.records: dict[int, bytes] = {}
        for event in events:
            self.add(event)

    def add(self, event: Envelope | bytes) -> int:
        position = self.newest + 1
        self.records[position] = event if isinstance(event, bytes) else pack_envelope(event)
        return position

    @property
    def newest(self) -> int:
        return max(self.records, default=0)

    @property
    def oldest(self) -> int:
        return min(self.records, default=0)

    def read(self, first: int, last: int | None = None) -> Iterator[tuple[int, bytes]]:
        for position in sorted(self.records):
            if first <= position and (last is None or position <= last):
                yield position, self.records[position]

    def read_back(self, last: int | None = None) -> Iterator[tuple[int, bytes]]:
        for position in sorted(self.records, reverse=True):
            if last is None or position <= last:
                yield position, self.records[position]

    def get(self, position: int) -> bytes | None:
        return self.records.get(position)

    def close(self) -> None:
        pass
