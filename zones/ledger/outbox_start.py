"""Where to begin reading a world's outbox, after any restart of anybody.

Owns: the decision, and what is said of events that are lost. Does not own: reading the ring
(`outbox_reader.py`), what was stored (`log.py`). Pure.
"""

from dataclasses import dataclass
from typing import Any

from zones.ledger.outbox_reader import Place


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin reading an outbox, and what to tell first of events that are gone.

    Args:
        gap: payload of `archive.gap`, None when nothing is missing.
    """

    place: Place
    gap: dict[str, Any] | None = None


def decide_start(
    stored: Place | None, acknowledged: Place, committed: Place, ring_bytes: int, first: int | None
) -> Start:
    """Decide where to go on in an arena's outbox.

    Args:
        stored: what the log holds of this arena: the truth, whatever the side page says.
        acknowledged: what the side page says; all 0 after a boot. Believed only where the log
            knows nothing of this arena.
        committed: behind the newest event of the committed tick.
        first: sequence of the entry at offset 0 of the ring, None when there is no good one.
    """
    if stored is not None:
        if _lies_before(stored, committed, ring_bytes):
            return Start(stored)
        return _skip(stored.sequence, committed, "the log and the ring do not meet")
    if committed.offset <= ring_bytes:  # nothing was ever overwritten: all of it is still there
        if committed.offset == 0:
            return Start(committed)
        if first is not None and first < committed.sequence:
            return Start(Place(first, 0))
    if acknowledged.offset and _lies_before(acknowledged, committed, ring_bytes):
        return Start(acknowledged)
    return _skip(0, committed, "the log knows nothing of this arena")


def gap_payload(first: int, last: int, why: str, of: str = "") -> dict[str, Any]:
    """Return the payload of `archive.gap`: events `first` to `last` of a sender are lost."""
    return {"first": first, "last": max(last, first), "why": why[:300], "of": of}


def _lies_before(place: Place, committed: Place, ring_bytes: int) -> bool:
    behind = committed.offset - place.offset
    return place.sequence <= committed.sequence and 0 <= behind <= ring_bytes


def _skip(sequence: int, committed: Place, why: str) -> Start:
    return Start(committed, gap_payload(sequence, committed.sequence - 1, why))
