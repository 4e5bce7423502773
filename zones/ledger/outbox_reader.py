"""Reading a world's outbox as hostile bytes.

Owns: which entries are committed, reading and parsing them, what becomes of damaged ones. Does
not own: what is made of an event, storing and acknowledging it (`arena_feed.py`).
Memory only. Entries between what is acknowledged and the committed head are never overwritten by
an honest world, so reading them needs no check against tearing; the two words that say where the
head is do.
"""

from typing import Any, Final, NamedTuple

from Kernel.contract.arena import TICK_LIMIT, ArenaWords, Header, State
from Kernel.contract.codec import unpack
from Kernel.contract.errors import CodecError, LedgerError, RingDamaged
from Kernel.contract.rings import ENTRY, read

READS_MAX: Final = 5
KIND_CHARS_MAX: Final = 64
GAP: Final = "archive.gap"
REFUSED: Final = "archive.refused"
SHOWN_BYTES: Final = 256


class Place(NamedTuple):
    """A place in an outbox: the sequence number there, and its virtual offset."""

    sequence: int
    offset: int


class Event(NamedTuple):
    """One event as the world wrote it. `next_offset` is the place just behind it."""

    sequence: int
    next_offset: int
    tick: int
    kind: str
    payload: dict[str, Any]


class Committed(NamedTuple):
    """What one committed tick says of its outbox."""

    tick: int
    place: Place


def read_committed(words: ArenaWords) -> Committed | None:
    """Return the committed tick and the place behind its newest event; None if torn each time.

    The state block of tick T is stable while the commit word says T (see `copy_committed`).

    Raises:
        LedgerError: no world gets as far as these words say; no record could hold them.
    """
    for _ in range(READS_MAX):
        tick = words.get(Header.COMMIT)
        sequence = words.state(tick, State.OUTBOX_NEXT)
        offset = words.state(tick, State.OUTBOX_HEAD)
        if words.get(Header.COMMIT) == tick:
            if max(tick, sequence, offset) >= TICK_LIMIT:
                raise LedgerError(
                    f"cannot read the outbox: its words say tick {tick}, event {sequence} at "
                    f"{offset}, the limit is {TICK_LIMIT}",
                    "molt status",
                )
            return Committed(tick, Place(sequence, offset))
    return None


def find_first(ring: memoryview, head: int) -> int | None:
    """Return the sequence of the entry at offset 0, or None when no good entry is there."""
    if head < ENTRY.size:
        return None
    sequence: int = ENTRY.unpack_from(ring, 0)[0]
    try:
        read(ring, 0, min(head, len(ring)), sequence)
    except RingDamaged:
        return None
    return sequence


def read_events(
    ring: memoryview, place: Place, committed: Committed, events_max: int, bytes_max: int
) -> tuple[list[Event], str]:
    """Read what was committed from `place` on.

    Args:
        events_max, bytes_max: when to stop; the rest is read the next time.

    Returns:
        The events, and why the rest cannot be read ("" when it can): the caller skips to the
        committed place then and tells of the gap.
    """
    events: list[Event] = []
    sequence, offset = place
    end_sequence, end_offset = committed.place
    if end_sequence < sequence or not 0 <= end_offset - offset <= len(ring):
        return [], (
            f"cannot read the outbox: it ends at {end_sequence}, {end_offset}, "
            f"reading stands at {sequence}, {offset}"
        )
    taken = 0
    while sequence < end_sequence and len(events) < events_max and taken < bytes_max:
        try:
            entry = read(ring, offset, end_offset, sequence)
        except RingDamaged as error:
            return events, error.message
        events.append(parse_event(sequence, entry.next_offset, committed.tick, entry.payload))
        taken += len(entry.payload)
        sequence, offset = sequence + 1, entry.next_offset
    if sequence == end_sequence and offset != end_offset:
        return events, f"cannot read the outbox: event {sequence} is at {offset} and {end_offset}"
    return events, ""


def parse_event(sequence: int, next_offset: int, tick: int, payload: bytes) -> Event:
    """Return the event an entry carries; one that is none becomes kind "archive.refused"."""
    try:
        fields = unpack(payload, max(len(payload), 1))
    except CodecError as error:
        return _refuse(sequence, next_offset, tick, payload, error.message)
    kind, said = fields.get("kind"), fields.get("tick")
    if type(kind) is not str or not 0 < len(kind) <= KIND_CHARS_MAX or kind.startswith("archive."):
        return _refuse(sequence, next_offset, tick, payload, "cannot use its kind")
    if type(said) is not int or not 0 <= said <= tick:
        return _refuse(sequence, next_offset, tick, payload, "cannot use its tick")
    return Event(sequence, next_offset, said, kind, fields)


def _refuse(sequence: int, next_offset: int, tick: int, payload: bytes, why: str) -> Event:
    shown = {"why": why, "bytes": len(payload), "begins": payload[:SHOWN_BYTES]}
    return Event(sequence, next_offset, tick, REFUSED, shown)
