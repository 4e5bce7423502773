"""The journal: every event of one arena as a line of JSON, in order, once.

Owns: the form of a line, and where to go on after a restart. Does not own: the file
(`zones/runtime/line_file.py`), reading the ring (`outbox_reader.py`).
Pure. `molt world run --inputs FILE` reads these lines: those of kind "input.applied" carry the
payload {"kind", "tick", "sequence", "input"} as the world wrote it.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from zones.chronos.outbox_reader import GAP, REFUSED, Event, Place


@dataclass(frozen=True, slots=True)
class Tail:
    """The last line of a journal, as far as the next line depends on it."""

    position: int
    place: Place


def encode_line(position: int, arena: str, event: Event, time_s: float) -> bytes:
    """Return one line without its end. Bytes become {"$bytes": base64}.

    Args:
        time_s: when it is stored, in seconds since the epoch. A tick reads no clock, so this is
            the only hour an event has; it decides nothing.

    An event that JSON cannot say (a number that is not finite, nested too deep) becomes one of
    kind "archive.refused": it is told of, never left out.
    """
    try:
        return _dump(position, arena, event, time_s)
    except (ValueError, TypeError, RecursionError) as error:
        payload = {"why": f"cannot write {event.kind!r} as JSON: {error}"}
        told = event._replace(kind=REFUSED, payload=payload)
        return _dump(position, arena, told, time_s)


def parse_tail(line: bytes, arena: str) -> Tail | None:
    """Return what the last line says, or None when it is no whole line of this arena."""
    try:
        fields = json.loads(line)
        numbers = [fields[name] for name in ("position", "sequence", "offset")]
        mine = fields["arena"] == arena and "payload" in fields
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not mine or not all(type(n) is int and 0 <= n < 2**64 for n in numbers):
        return None
    return Tail(numbers[0], Place(numbers[1] + 1, numbers[2]))


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin reading an outbox, and the gap to tell of first, if any."""

    place: Place
    gap: Event | None = None


def decide_start(
    tail: Tail | None, acknowledged: Place, committed: Place, ring_bytes: int, first: int | None
) -> Start:
    """Decide where to go on in an arena's outbox.

    Args:
        tail: of this arena's journal: the truth, since it is what was stored.
        acknowledged: what the side mapping says; all 0 after a boot. Believed only without a tail.
        committed: behind the newest event of the committed tick.
        first: sequence of the entry at offset 0 of the ring, None when there is no good one.
    """
    if tail is not None:
        if _lies_before(tail.place, committed, ring_bytes):
            return Start(tail.place)
        return _skip(tail.place.sequence, committed, "the journal and the ring do not meet")
    if committed.offset <= ring_bytes:  # nothing was ever overwritten: all of it is still there
        if committed.offset == 0:
            return Start(committed)
        if first is not None and first < committed.sequence:
            return Start(Place(first, 0))
    if acknowledged.offset and _lies_before(acknowledged, committed, ring_bytes):
        return Start(acknowledged)
    return _skip(0, committed, "there is no journal of this arena")


def _lies_before(place: Place, committed: Place, ring_bytes: int) -> bool:
    behind = committed.offset - place.offset
    return place.sequence <= committed.sequence and 0 <= behind <= ring_bytes


def _skip(sequence: int, committed: Place, why: str) -> Start:
    return Start(committed, gap_event(sequence, committed, 0, why))


def gap_event(sequence: int, committed: Place, tick: int, why: str) -> Event:
    """Return the event that tells of lost ones, from `sequence` to just before `committed`."""
    payload = {"from_sequence": sequence, "to_sequence": committed.sequence - 1, "why": why}
    return Event(max(committed.sequence - 1, 0), committed.offset, tick, GAP, payload)


def _dump(position: int, arena: str, event: Event, time_s: float) -> bytes:
    fields = {
        "position": position,
        "arena": arena,
        "sequence": event.sequence,
        "offset": event.next_offset,
        "time": round(time_s, 3),
        "tick": event.tick,
        "kind": event.kind,
        "payload": event.payload,
    }
    text = json.dumps(fields, separators=(",", ":"), allow_nan=False, default=_plain)
    return text.encode()


def _plain(value: object) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} is not plain data")
