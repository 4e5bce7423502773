"""From a world's outbox into the log: read as hostile, stored, then acknowledged.

Owns: where reading one outbox stands, making envelopes of its entries, the words on the side page.
Does not own: reading the ring (`outbox_reader.py`), where to begin (`outbox_start.py`), the log.

The place behind each batch goes into the transaction that stores it. So an archive that was killed
between storing and acknowledging begins behind what is stored, whatever the side page says; and an
event has an id made of arena and sequence, whoever reads it. The arena's id in hex is its `agent`:
by it a restored world finds what was done to it (`zones/world/past.py`).
"""

from collections.abc import Callable
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from Kernel.contract.arena import ArenaWords, Header, Side
from Kernel.contract.codec import pack
from Kernel.contract.envelope import (
    ID_BYTES,
    PAYLOAD_BYTES_MAX,
    Envelope,
    arena_event_id,
    pack_envelope,
    parse_id,
)
from Kernel.contract.errors import CodecError
from Kernel.contract.kinds import KINDS
from Kernel.contract.kinds_of_world import WORLD_KINDS
from zones.ledger.batch import Batch
from zones.ledger.outbox_reader import (
    REFUSED,
    Committed,
    Event,
    Place,
    find_first,
    read_committed,
    read_events,
)
from zones.ledger.outbox_start import decide_start, gap_payload
from zones.ledger.own_events import OwnEvents

EVENTS_MAX: Final = 1000
EVENT_BYTES_MAX: Final = 1 << 20
"""How much of one outbox is read for one batch."""
SPOKEN: Final = frozenset(kind.name for kind in WORLD_KINDS if not kind.name.startswith("archive."))
"""Kinds a world may use: it can speak neither as the archive nor as the kernel."""


class ArenaFeed:
    """The outbox of one arena.

    Args:
        zone: whose arena it is.
        words: read-only, accepted by `check_arena`.
        side: the side page; OUTBOX_ACKED and its offset are written.
        stored: what the log says of an arena by its id, None where it knows nothing.
        own: makes the archive's own events.
        wall_ns: a tick reads no clock, so the hour it is stored is the only one an event has.
    """

    def __init__(
        self,
        zone: str,
        words: ArenaWords,
        side: memoryview,
        stored: Callable[[bytes], Place | None],
        own: OwnEvents,
        wall_ns: Callable[[], int],
        log: FilteringBoundLogger,
    ) -> None:
        self._zone = zone
        self._words = words
        self._side = side.cast("Q")
        self._ring = words.outbox()
        self._stored = stored
        self._own = own
        self._wall_ns = wall_ns
        self._log = log
        self.arena: Final = words.get_bytes(Header.ARENA_ID, ID_BYTES)
        self._place = Place(0, 0)
        self._acknowledged = Place(0, 0)
        self._begun = False

    def facts(self) -> dict[str, Any]:
        """Return what the ready message says about this arena."""
        return {"arena": self.arena.hex(), "stored": self._acknowledged.sequence}

    def take(self, batch: Batch) -> bool:
        """Put what the world has committed since the last time into the batch.

        Returns:
            Whether there is more than one batch should take.

        Raises:
            LedgerError: the log cannot say what it holds.
        """
        committed = read_committed(self._words)
        if committed is None:
            return False
        if not self._begun:
            self._begin(committed, batch)
        if self._place == committed.place:
            return False
        events, why = read_events(self._ring, self._place, committed, EVENTS_MAX, EVENT_BYTES_MAX)
        time_ns = self._wall_ns()
        refused = 0
        for event in events:
            record, is_refused = self._record(event, time_ns)
            batch.add(record)
            refused += is_refused
        if events:
            self._place = Place(events[-1].sequence + 1, events[-1].next_offset)
        if why:
            self._tell_gap(batch, committed, why)
        if refused:
            self._log.warning("archive.events_refused", zone=self._zone, count=refused)
        self._mark(batch)
        return self._place != committed.place

    def close(self) -> None:
        """Let go of the mappings."""
        self._side.release()
        self._ring.release()

    def _begin(self, committed: Committed, batch: Batch) -> None:
        """Find where to go on, and acknowledge at once what the log holds already."""
        stored = self._stored(self.arena)
        start = decide_start(
            stored,
            Place(self._side[Side.OUTBOX_ACKED >> 3], self._side[Side.OUTBOX_ACKED_OFFSET >> 3]),
            committed.place,
            len(self._ring),
            find_first(self._ring, committed.place.offset),
        )
        self._place = start.place
        self._begun = True
        if start.gap is not None:
            self._say_lost(batch, start.gap)
            self._mark(batch)
        else:
            self._acknowledge(start.place)

    def _tell_gap(self, batch: Batch, committed: Committed, why: str) -> None:
        lost = gap_payload(self._place.sequence, committed.place.sequence - 1, why)
        self._place = committed.place
        self._say_lost(batch, lost)

    def _say_lost(self, batch: Batch, lost: dict[str, Any]) -> None:
        self._log.error("archive.events_lost", zone=self._zone, **lost)
        of = f"{self._zone} {self.arena.hex()}"
        batch.add(self._own.record("archive.gap", {**lost, "of": of}))

    def _mark(self, batch: Batch) -> None:
        place = self._place
        batch.mark_arena(self.arena, place.sequence, place.offset)
        batch.then(lambda _first: self._acknowledge(place))

    def _acknowledge(self, place: Place) -> None:
        # The offset first: a world that sees only that has more room than it was told of.
        self._side[Side.OUTBOX_ACKED_OFFSET >> 3] = place.offset
        self._side[Side.OUTBOX_ACKED >> 3] = place.sequence
        self._acknowledged = place

    def _record(self, event: Event, time_ns: int) -> tuple[bytes, bool]:
        """Return the record of an event, and whether it stands for one that was refused."""
        if event.kind in SPOKEN:
            try:
                return self._pack(event, event.kind, event.payload, self._zone, time_ns), False
            except CodecError as error:
                event = event._replace(payload={"why": error.message[:300]})
        elif event.kind != REFUSED:
            event = event._replace(payload={"why": f"cannot use its kind {event.kind!r}"})
        payload = {**event.payload, "from": self._zone}
        return self._pack(event, REFUSED, payload, self._own.zone, time_ns), True

    def _pack(
        self, event: Event, kind: str, payload: dict[str, Any], zone: str, time_ns: int
    ) -> bytes:
        declared = KINDS[kind]
        fields, cause = lift_cause(payload)
        return pack_envelope(
            Envelope(
                id=arena_event_id(self.arena, event.sequence),
                time_ns=time_ns,
                tick=event.tick,
                zone=zone,
                kind=kind,
                version=declared.version,
                level=declared.level,
                payload=pack(fields, PAYLOAD_BYTES_MAX),
                cause=cause,
                agent=self.arena.hex(),
            )
        )


def lift_cause(payload: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return a world's payload as it is stored, and the cause that was in its input.

    The kind stands in the envelope, and so does the cause: the input that is left is one that
    `molt world run --inputs` takes. A cause that is no id is none.
    """
    fields = {key: value for key, value in payload.items() if key != "kind"}
    given = fields.get("input")
    if not isinstance(given, dict) or "cause" not in given:
        return fields, b""
    fields["input"] = {key: value for key, value in given.items() if key != "cause"}
    cause = given["cause"]
    if isinstance(cause, str):
        try:
            cause = parse_id(cause)
        except CodecError:
            return fields, b""
    is_id = isinstance(cause, bytes) and len(cause) == ID_BYTES
    return fields, cause if is_id else b""
