"""The checker of the log finds every way a log can be wrong, and nothing in a sound one."""

import hashlib
from collections.abc import Sequence

import pytest

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, arena_event_id, new_id, pack_envelope
from tools.chaos.log_rules import (
    RESTORED,
    SPILLED,
    Notes,
    Stored,
    acknowledged_note,
    find_faults,
    parse_notes,
    sent_note,
)

ARENA = bytes(range(16))


def event(sender: str, number: int, event_id: bytes = b"", kind: str = "test.it") -> bytes:
    """Return the record of a sender's event."""
    unique = hashlib.sha256(f"{sender} {number}".encode()).digest()
    payload = pack({"sender": sender, "number": number})
    name = event_id or new_id(number, unique[:10])
    return pack_envelope(Envelope(name, number, None, "scribe", kind, 0, Level.INFO, payload))


def identify(envelope: Envelope) -> tuple[str, int] | None:
    """Return who sent an event, and its number."""
    fields = envelope.payload_fields()
    return None if fields["sender"] == "world" else (fields["sender"], fields["number"])


def chain(records: Sequence[bytes]) -> list[Stored]:
    """Return a log of these records."""
    head = bytes(32)
    log = []
    for position, record in enumerate(records, 1):
        head = hashlib.sha256(head + record).digest()
        log.append(Stored(position, record, head))
    return log


def faults(records: Sequence[bytes], a: Notes, b: Notes | None = None) -> list[str]:
    """Return what is wrong with a log that is chained as it should be."""
    return find_faults(chain(records), {"a": a, "b": b or Notes()}, identify)


SENT = [1, 2, 3, 4]


def test_a_sound_log_is_sound() -> None:
    """Acknowledged ones are there, others may be; senders mix; positions are where they were."""
    records = [event("a", 1), event("b", 1), event("a", 2), event("b", 7), event("a", 4)]
    assert not faults(records, Notes(SENT, {1: 1, 2: 3, 4: SPILLED}), Notes([1, 7], {7: 4}))
    assert not faults([], Notes(SENT))


@pytest.mark.parametrize(
    ("numbers", "acknowledged", "word"),
    [
        ([1, 3], {1: 1, 2: 2, 3: 2}, "acknowledged event 2 is lost"),
        ([1], {1: 1, 2: SPILLED}, "acknowledged event 2 is lost"),
        ([1, 2, 2], {1: 1}, "event 2 is there twice, at 2 and 3"),
        ([2, 1], {}, "event 1 at 2 comes after event 2 at 1"),
        ([1, 2, 1], {}, "event 1 at 3 comes after event 2 at 2"),
        ([1, 9], {}, "event 9 at 2 was never sent"),
        ([1, 2], {2: 1}, "event 2 was said to be at 1, and is at 2"),
    ],
)
def test_a_senders_complaint_is_found(
    numbers: list[int], acknowledged: dict[int, int], word: str
) -> None:
    """A lost, doubled, misplaced or invented event is named with its number."""
    told = faults([event("a", number) for number in numbers], Notes(SENT, acknowledged))
    assert any(word in fault for fault in told), told


def test_an_event_twice_under_one_id_is_found() -> None:
    """Of events that nobody numbers the id tells."""
    told = faults([event("world", 1), event("world", 1)], Notes())
    assert any("is there 2 times" in fault for fault in told)


def test_what_the_archive_says_is_heard() -> None:
    """An archive.gap in the log is a fault, whoever misses nothing."""
    payload = pack({"sender": "world", "first": 1, "last": 2, "why": "too slow"})
    lost = Envelope(bytes(16), 1, None, "archive", "archive.gap", 1, Level.ERROR, payload)
    (told,) = faults([event("a", 1), pack_envelope(lost)], Notes(SENT, {1: 1}))
    assert told.startswith("the archive says archive.gap at 2") and "too slow" in told


def test_a_broken_chain_is_found() -> None:
    """A gap, and a record that was changed, are found with their positions."""
    log = chain([event("a", number) for number in (1, 2, 3)])
    notes = {"a": Notes(SENT)}
    assert "position 2 is missing" in find_faults([log[0], log[2]], notes, identify)[0]
    log[1] = Stored(2, event("a", 4), log[1].head)
    assert find_faults(log, notes, identify)[0] == "the chain breaks at position 2"


def test_an_outbox_is_there_without_a_gap() -> None:
    """Events of an arena are found by their ids, in the order of its outbox."""
    records = [event("world", n, arena_event_id(ARENA, n)) for n in range(5)]

    def told(numbers: Sequence[int]) -> list[str]:
        return find_faults(chain([records[n] for n in numbers]), {}, identify, [ARENA])

    assert not told([0, 1, 2, 3, 4])
    assert "event 2 of its outbox is lost; 3 is there" in told([0, 1, 3, 4])[0]
    assert "event 0 of its outbox is lost" in told([1, 2])[0]
    assert "comes before" in told([0, 2, 1, 3])[0]
    records += [event("world", n, kind=RESTORED) for n in (5, 6)]
    assert not told([5, 6, 3, 4]), "one that was restored goes on behind the numbers of another"
    assert "event 2 of its outbox is lost; 3 is there" in told([5, 6, 1, 3, 4])[0]


def test_only_the_first_faults_are_told() -> None:
    """A log that lost thousands fills no screen."""
    told = faults([], Notes(list(range(1, 3000)), dict.fromkeys(range(1, 3000), 1)))
    assert len(told) == 21 and told[-1] == "sender a: and 2979 more"


def test_notes_survive_a_torn_line() -> None:
    """What was noted is read back; half a line at the end, or in the middle, says nothing."""
    data = sent_note(1) + acknowledged_note(1, 12) + sent_note(2) + acknowledged_note(2, None)
    assert parse_notes(data) == Notes([1, 2], {1: 12, 2: SPILLED})
    assert parse_notes(data + b"s 33") == Notes([1, 2], {1: 12, 2: SPILLED})
    assert parse_notes(b"a 1\n" + sent_note(5)) == Notes([5], {})
