"""Rings against a list, with writers that are killed between any two bytes they store."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from Kernel.contract.errors import RingDamaged, RingFull
from Kernel.contract.rings import ENTRY, FILLER, Entry, append, entry_bytes, read

SIZE = 256


class RingMachine(RuleBasedStateMachine):
    """A ring and its model: the list of entries not yet consumed."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = bytearray(SIZE)
        self.head = self.cursor = 0
        self.next = self.oldest = 0
        self.model: list[bytes] = []

    @rule(payload=st.binary(max_size=120), keep=st.sampled_from([0, SIZE // 4]))
    def append(self, payload: bytes, keep: int) -> None:
        """An append either publishes one more entry, or raises and leaves the ring alone."""
        before = bytes(self.ring)
        try:
            head = append(memoryview(self.ring), self.head, self.cursor, self.next, payload, keep)
        except RingFull:
            assert bytes(self.ring) == before
            place = self.head % SIZE
            skip = SIZE - place if place + entry_bytes(len(payload)) > SIZE else 0
            used = self.head - self.cursor
            assert used + skip + entry_bytes(len(payload)) + keep > SIZE
            return
        assert head % 8 == 0
        assert head - self.cursor + keep <= SIZE
        self.head = head
        self.next += 1
        self.model.append(payload)

    @rule(payload=st.binary(max_size=120), seed=st.integers(0, 2**32))
    def append_and_die(self, payload: bytes, seed: int) -> None:
        """A writer killed before it published leaves any part of its bytes, and no entry."""
        copy = bytearray(self.ring)
        try:
            append(memoryview(copy), self.head, self.cursor, self.next, payload)
        except RingFull:
            return
        dice = random.Random(seed)
        for place in range(SIZE):
            if dice.random() < 0.5:
                self.ring[place] = copy[place]

    @precondition(lambda self: self.model)
    @rule()
    def consume(self) -> None:
        """The oldest entry is read back as it was written, and its room is given free."""
        entry = read(memoryview(self.ring), self.cursor, self.head, self.oldest)
        assert entry == Entry(self.oldest, self.model.pop(0), entry.next_offset)
        self.cursor = entry.next_offset
        self.oldest += 1

    @invariant()
    def all_entries_are_there(self) -> None:
        """Reading from cursor to head gives the model, each time."""
        offset, found = self.cursor, []
        for sequence in range(self.oldest, self.next):
            entry = read(memoryview(self.ring), offset, self.head, sequence)
            found.append(entry.payload)
            offset = entry.next_offset
        assert found == self.model
        assert offset == self.head
        with pytest.raises(RingDamaged, match="at the head"):
            read(memoryview(self.ring), self.head, self.head, self.next)


RingMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestRing = RingMachine.TestCase


@settings(deadline=None)
@given(
    payloads=st.lists(st.binary(max_size=40), min_size=1, max_size=4),
    bit=st.integers(0, SIZE * 8 - 1),
)
def test_damage_is_seen(payloads: list[bytes], bit: int) -> None:
    """One flipped bit in a sequence, payload or checksum is never read as a good entry."""
    ring = bytearray(SIZE)
    head = 0
    for sequence, payload in enumerate(payloads):
        head = append(memoryview(ring), head, 0, sequence, payload)
    ring[bit // 8] ^= 1 << bit % 8
    offset = 0
    for sequence, payload in enumerate(payloads):
        try:
            entry = read(memoryview(ring), offset, head, sequence)
        except RingDamaged:
            return
        assert entry.payload == payload
        offset = entry.next_offset


@settings(deadline=None)
@given(
    ring=st.one_of(
        st.binary(min_size=64, max_size=64),
        st.builds(
            lambda s, n, rest: (ENTRY.pack(s, n, 0) + rest).ljust(64, b"\0")[:64],
            st.integers(0, 3),
            st.sampled_from([0, 1, 47, 48, 49, FILLER, FILLER - 1]),
            st.binary(max_size=48),
        ),
    ),
    offset=st.integers(0, 2**64 - 1),
    ahead=st.integers(0, 2**64 - 1),
    sequence=st.integers(0, 2**64 - 1),
)
def test_hostile_bytes_raise_one_error(ring: bytes, offset: int, ahead: int, sequence: int) -> None:
    """Whatever bytes and offsets a world leaves, reading gives an entry or RingDamaged."""
    for number in (sequence, 0, 1):
        try:
            entry = read(memoryview(ring), offset, offset + ahead, number)
        except RingDamaged as error:
            assert str(error).startswith("cannot read entry")
        else:
            assert offset < entry.next_offset <= offset + ahead
            assert entry.sequence == number


def test_zeroed_memory_holds_no_entry() -> None:
    """A ring of zeros, as a fresh file is, has no entry, whatever the words beside it claim."""
    with pytest.raises(RingDamaged, match="checksum"):
        read(memoryview(bytearray(SIZE)), 0, SIZE, 0)


def test_kept_room_is_for_safety_inputs() -> None:
    """Ordinary entries stop at three quarters of the ring, safety inputs may use the rest."""
    ring = memoryview(bytearray(SIZE))
    head = sequence = 0
    with pytest.raises(RingFull, match="cannot append 32 bytes to a ring of 256: 0 are free"):
        while True:
            head = append(ring, head, 0, sequence, b"x" * 16, SIZE // 4)
            sequence += 1
    assert head == SIZE * 3 // 4
    assert append(ring, head, 0, sequence, b"x" * 16) == head + 32


def test_entry_form_is_fixed() -> None:
    """The bytes of an entry, a short end and a filler are those other builds read."""
    ring = bytearray(64)
    view = memoryview(ring)
    head = append(view, 0, 0, 7, b"abc")
    assert bytes(ring[:24]).hex() == "070000000000000003000000b08e5fb76162630000000000"
    head = append(view, head, 0, 8, b"d" * 16)
    assert head == 56
    head = append(view, head, 24, 9, b"")
    assert head == 64 + 16  # eight bytes are too few for a filler: skipped without one
    assert read(view, 56, head, 9).next_offset == head
    ring = bytearray(64)
    view = memoryview(ring)
    head = append(view, append(view, 0, 0, 0, b"f" * 8), 0, 1, b"f" * 8)
    assert append(view, head, head, 2, b"e" * 24) == 64 + 40
    assert ENTRY.unpack_from(ring, 48) == (2, FILLER, 0)
    assert read(view, 48, 64 + 40, 2) == Entry(2, b"e" * 24, 64 + 40)
