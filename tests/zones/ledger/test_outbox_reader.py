"""Outboxes are read as hostile bytes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.codec import pack
from Kernel.contract.rings import append
from tests.kernel.contract.test_codec import MAPS
from tests.zones.runtime.small_arena import advance, small_arena
from zones.ledger.outbox_reader import (
    REFUSED,
    Committed,
    Place,
    find_first,
    parse_event,
    read_committed,
    read_events,
)


def ring_with(payloads: list[bytes], first: int = 0, size: int = 1024) -> tuple[bytearray, Place]:
    """Return a ring holding these payloads from offset 0, and the place behind them."""
    ring = bytearray(size)
    head = 0
    for index, payload in enumerate(payloads):
        head = append(memoryview(ring), head, 0, first + index, payload)
    return ring, Place(first + len(payloads), head)


def event(number: int) -> bytes:
    """Return the payload of a sound event."""
    return pack({"kind": "telemetry", "tick": number, "n": number})


def test_events_in_order_and_in_parts() -> None:
    """All committed events are read, in as many calls as the limits make, from any place."""
    ring, end = ring_with([event(n) for n in range(10)], first=100)
    committed = Committed(50, end)
    everything, why = read_events(memoryview(ring), Place(100, 0), committed, 1000, 10**6)
    assert why == ""
    assert [e.sequence for e in everything] == list(range(100, 110))
    assert [e.payload["n"] for e in everything] == list(range(10))
    assert everything[-1].next_offset == end.offset
    place, parts = Place(100, 0), []
    for limits in [(3, 10**6), (1000, 1), (1, 1), (1000, 10**6)]:
        events, why = read_events(memoryview(ring), place, committed, *limits)
        assert why == ""
        parts += events
        place = Place(events[-1].sequence + 1, events[-1].next_offset)
    assert parts == everything
    assert place == end


def test_damaged_entry_ends_reading_with_the_reason() -> None:
    """What was read before the damage is returned beside why the rest cannot be."""
    ring, end = ring_with([event(n) for n in range(5)])
    third = read_events(memoryview(ring), Place(0, 0), Committed(9, end), 2, 10**6)[0][-1]
    ring[third.next_offset + 20] ^= 1
    events, why = read_events(memoryview(ring), Place(0, 0), Committed(9, end), 99, 10**6)
    assert [e.sequence for e in events] == [0, 1]
    assert why.startswith("cannot read entry 2")


@settings(deadline=None)
@given(
    st.binary(min_size=64, max_size=64),
    st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)),
    st.integers(0, 2**64 - 1),
    st.integers(0, 200),
)
def test_hostile_rings(ring: bytes, ends: tuple[int, int], start: int, ahead: int) -> None:
    """Any bytes and any words end in few events and one sentence, quickly."""
    for end in (Place(*ends), Place(ends[0], start + ahead)):
        for place in (Place(0, start), Place(max(ends[0] - 3, 0), start)):
            events, why = read_events(memoryview(ring), place, Committed(5, end), 100, 10**6)
            assert len(events) <= 4
            assert why == "" or why.startswith("cannot read")
    first = find_first(memoryview(ring), start)
    assert first is None or first == int.from_bytes(ring[:8], "little")


@settings(deadline=None)
@given(st.binary(max_size=100) | MAPS.map(pack))
def test_any_payload_becomes_one_event(payload: bytes) -> None:
    """A payload that is no event is stored as refused, with the reason and its beginning."""
    parsed = parse_event(3, 64, 9, payload)
    assert (parsed.sequence, parsed.next_offset) == (3, 64)
    assert parsed.kind == REFUSED
    assert parsed.payload["why"].startswith("cannot ")
    assert parsed.payload["bytes"] == len(payload)
    assert payload.startswith(parsed.payload["begins"])


def test_kinds_and_ticks_are_checked() -> None:
    """A world can neither speak in the archive's name nor date an event into the future."""
    sound = {"kind": "telemetry", "tick": 9}
    assert parse_event(0, 0, 9, pack(sound)).kind == "telemetry"
    for wrong in (
        {"kind": "archive.gap"},
        {"kind": ""},
        {"kind": "x" * 65},
        {"kind": 5},
        {"tick": 10},
        {"tick": -1},
        {"tick": True},
        {"tick": 1.0},
    ):
        assert parse_event(0, 0, 9, pack({**sound, **wrong})).kind == REFUSED, wrong


def test_first_entry_is_found() -> None:
    """The number of the entry at offset 0 is known while it is there, and only then."""
    ring, end = ring_with([event(1), event(2)], first=41)
    assert find_first(memoryview(ring), end.offset) == 41
    assert find_first(memoryview(ring), 0) is None
    assert find_first(memoryview(bytearray(1024)), 64) is None
    ring[20] ^= 1
    assert find_first(memoryview(ring), end.offset) is None


def test_committed_place_is_of_one_tick() -> None:
    """Tick and head come from the same commit; if the world is always faster, there is none."""
    words = small_arena()
    advance(words, ({"kind": "telemetry"},))
    committed = read_committed(words)
    assert committed is not None
    assert committed.tick == 1
    assert committed.place == Place(1, words.state(1, State.OUTBOX_HEAD))

    class Fast(ArenaWords):
        readings = 0

        def get(self, offset: int) -> int:
            """Return the commit word one higher each time."""
            self.readings += offset == Header.COMMIT
            return super().get(offset) + (self.readings if offset == Header.COMMIT else 0)

    assert read_committed(Fast(words.memory)) is None
