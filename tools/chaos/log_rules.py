"""What must hold of the log after any kills, as a function of the log and of what senders know.

Owns: the notes a sender keeps, and every rule a log can break. Does not own: killing, reading the
ledger (`test_log.py`). Pure: it trusts no code of the product but the form of a record.

A sender writes each note before it goes on, so what it was told as durable is never forgotten: the
file outlives a kill of its writer. It may have been told and killed before the note: such an event
counts as not acknowledged, and may be there.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from Kernel.contract.envelope import Envelope, arena_event_id, id_text, parse_envelope

FAULTS_MAX = 20
"""How many are told of each rule: one bug breaks thousands."""
ALARMS = frozenset(
    f"archive.{what}" for what in ("gap", "refused", "tail_cut", "damaged", "salvaged")
)
"""Kinds by which the archive itself says that something is lost: a kill alone loses nothing."""
RESTORED = "world.restored"
SPILLED = 0
"""In place of a position: in the sender's write-ahead file, so promised."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One event of the log, and the head of the chain that is stored beside it, None for none."""

    position: int
    record: bytes
    head: bytes | None


@dataclass(slots=True)
class Notes:
    """What one sender knows, over all its lives.

    Args:
        sent: numbers of the events it has begun to send, in order.
        acknowledged: number -> position, or SPILLED.
    """

    sent: list[int] = field(default_factory=list)
    acknowledged: dict[int, int] = field(default_factory=dict)


def sent_note(number: int) -> bytes:
    """Return the note that an event is about to be sent."""
    return b"s %d\n" % number


def acknowledged_note(number: int, position: int | None) -> bytes:
    """Return the note that an event is promised to be durable."""
    return b"a %d %d\n" % (number, position or SPILLED)


def parse_notes(data: bytes) -> Notes:
    """Read a sender's notes; a line that a kill cut short says nothing."""
    notes = Notes()
    for line in data.split(b"\n")[:-1]:
        words = line.split()
        if len(words) == 2 and words[0] == b"s":
            notes.sent.append(int(words[1]))
        elif len(words) == 3 and words[0] == b"a":
            notes.acknowledged[int(words[1])] = int(words[2])
    return notes


def find_faults(
    log: Sequence[Stored],
    senders: Mapping[str, Notes],
    identify: Callable[[Envelope], tuple[str, int] | None],
    arenas: Sequence[bytes] = (),
) -> list[str]:
    """Return every rule the log breaks, in words; none means that it is sound.

    Args:
        log: all of it, as read.
        senders: what each sender knows.
        identify: returns a sender and the number it gave to an event, None for all others.
        arenas: ids of the arenas whose outboxes went into the log.
    """
    events = [(stored.position, parse_envelope(stored.record)) for stored in log]
    found: dict[str, list[tuple[int, int]]] = {name: [] for name in senders}
    for position, event in events:
        if (named := identify(event)) is not None:
            found[named[0]].append((position, named[1]))
    faults = [*_at_most(check_chain(log)), *_at_most(check_ids(events))]
    faults += _at_most(
        f"the archive says {event.kind} at {position}: {event.payload_fields()}"
        for position, event in events
        if event.kind in ALARMS
    )
    for name, notes in senders.items():
        told = _at_most(check_sender(found[name], notes))
        faults += (f"sender {name}: {fault}" for fault in told)
    for arena in arenas:
        faults += (f"arena {arena.hex()[:8]}: {fault}" for fault in check_arena(events, arena))
    return faults


def check_chain(log: Iterable[Stored]) -> Iterator[str]:
    """Yield where positions have a gap or a head is not that of the record before it."""
    head = bytes(32)
    for expected, stored in enumerate(log, 1):
        if stored.position != expected:
            yield f"position {expected} is missing: {stored.position} comes in its place"
            return
        head = hashlib.sha256(head + stored.record).digest()
        if stored.head is not None and head != stored.head:
            yield f"the chain breaks at position {stored.position}"
            head = stored.head


def check_ids(events: Sequence[tuple[int, Envelope]]) -> Iterator[str]:
    """Yield ids that more than one event has."""
    times = Counter(event.id for _, event in events)
    for event_id, count in times.items():
        if count > 1:
            yield f"event {id_text(event_id)} is there {count} times"


def check_sender(found: Sequence[tuple[int, int]], notes: Notes) -> Iterator[str]:
    """Yield what one sender may complain of.

    Args:
        found: position and number of each of its events, in the order of the log.
    """
    places = dict((number, position) for position, number in found)
    begun = set(notes.sent)
    for number, position in notes.acknowledged.items():
        if number not in places:
            yield f"acknowledged event {number} is lost"
        elif position not in {SPILLED, places[number]}:
            yield f"event {number} was said to be at {position}, and is at {places[number]}"
    for before, after in pairwise(found):
        if after[1] == before[1]:
            yield f"event {after[1]} is there twice, at {before[0]} and {after[0]}"
        elif after[1] < before[1]:
            yield f"event {after[1]} at {after[0]} comes after event {before[1]} at {before[0]}"
    for position, number in found:
        if number not in begun:
            yield f"event {number} at {position} was never sent"


def check_arena(events: Sequence[tuple[int, Envelope]], arena: bytes) -> Iterator[str]:
    """Yield the first event of an arena's outbox that is missing or out of order.

    Its events are numbered 0, 1, 2, ... across all successions, and their ids come from that. The
    numbers of an arena that was restored go on behind those of the one before.
    """
    places = {event.id: position for position, event in events}
    before, sequence = 0, 0
    if any(event.kind == RESTORED for _, event in events):
        numbers = range(len(events))
        sequence = next((n for n in numbers if arena_event_id(arena, n) in places), 0)
    while (position := places.get(arena_event_id(arena, sequence))) is not None:
        if position < before:
            yield f"event {sequence} of its outbox at {position} comes before the one before it"
        before, sequence = position, sequence + 1
    ahead = range(sequence + 1, sequence + 1000)
    later = [number for number in ahead if arena_event_id(arena, number) in places]
    if later:
        yield f"event {sequence} of its outbox is lost; {later[0]} is there"


def _at_most(faults: Iterable[str]) -> list[str]:
    """Return the first ones, and how many more there are."""
    told = list(faults)
    more = len(told) - FAULTS_MAX
    return [*told[:FAULTS_MAX], f"and {more} more"] if more > 0 else told
