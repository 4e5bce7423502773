"""What a sender keeps, against a model: nothing is lost, nothing is sent past the end."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from Kernel.contract.outbox import Outbox, Settled
from Kernel.contract.user_bus import BATCH_BYTES_MAX, BATCH_MAX

EPOCH = b"12345678"
COUNT_MAX, BYTES_MAX = 20, 400


class OutboxMachine(RuleBasedStateMachine):
    """A sender with its outbox, and an archive that stores, dies, and forgets answers."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(EPOCH, COUNT_MAX, BYTES_MAX)
        self.added: list[bytes] = []
        self.stored: list[bytes] = []  # by the archive; number 1 first
        self.settled = 0
        self.connected = False
        self.sent = 0  # on this connection, up to this number
        self.batch: int | None = None

    @rule(size=st.integers(0, 90))
    def add(self, size: int) -> None:
        """Keep one more, if there is room; an empty outbox has room for any."""
        kept = self.added[self.settled :]
        room = self.outbox.has_room(size)
        assert room == (
            not kept or (len(kept) < COUNT_MAX and sum(map(len, kept)) + size <= BYTES_MAX)
        )
        if room:
            record = bytes([len(self.added) % 251]) * size
            self.added.append(record)
            assert self.outbox.add(record) == len(self.added)

    @precondition(lambda self: not self.connected)
    @rule()
    def connect(self) -> None:
        """Say hello; the archive tells what it has."""
        assert self.outbox.first == self.settled + 1
        known = max(len(self.stored), self.outbox.first - 1)
        assert self.outbox.on_welcome(known) == Settled(self.settled + 1, known)
        self.settled = self.sent = known
        self.connected = True

    @precondition(lambda self: self.connected)
    @rule(is_taken=st.booleans())
    def send(self, is_taken: bool) -> None:
        """Send a batch; a socket that is full gives it back."""
        batch = self.outbox.take_batch()
        if batch is None:
            assert self.sent == len(self.added)
            return
        first, records = batch
        assert (
            first == self.sent + 1 and records == self.added[self.sent : first - 1 + len(records)]
        )
        if not is_taken:
            self.outbox.untake(first)
            return
        self.sent += len(records)
        for number, record in enumerate(records, first):
            if number == len(self.stored) + 1:
                self.stored.append(record)

    @precondition(lambda self: self.connected)
    @rule(back=st.integers(0, 5))
    def acknowledge(self, back: int) -> None:
        """Tell what is stored, or an older state of it."""
        number = max(0, len(self.stored) - back)
        first = self.settled + 1
        assert self.outbox.on_stored(number) == Settled(first, number)
        self.settled = max(self.settled, number)

    @precondition(lambda self: self.connected)
    @rule()
    def lose(self) -> None:
        """The connection ends, answers under way with it."""
        self.outbox.on_lost()
        self.connected, self.sent = False, self.settled

    @rule()
    def believe_no_number_that_was_not_given(self) -> None:
        """A number far ahead settles what there is at most; it is not acted on here."""
        probe = Outbox(EPOCH, COUNT_MAX, BYTES_MAX, self.outbox.first)
        for _, record in self.outbox.kept():
            probe.add(record)
        assert probe.on_stored(10**9).last == len(self.added) and len(probe) == 0

    @invariant()
    def keeps_what_is_not_settled(self) -> None:
        """Exactly that, with its numbers and its size."""
        kept = self.added[self.settled :]
        assert self.outbox.kept() == list(enumerate(kept, self.settled + 1))
        assert len(self.outbox) == len(kept)
        assert self.outbox.size_bytes == sum(map(len, kept))
        assert self.outbox.next_number == len(self.added) + 1
        assert self.outbox.has_unsent == (max(self.sent, self.settled) < len(self.added))
        assert self.stored == self.added[: len(self.stored)], "once, and in order"


OutboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOutbox = pytest.mark.slow(OutboxMachine.TestCase)


def test_a_batch_is_bounded() -> None:
    """By count and by bytes; one record of any size goes alone."""
    outbox = Outbox(EPOCH, 10_000, 10**9)
    for _ in range(BATCH_MAX + 5):
        outbox.add(b"")
    assert outbox.take_batch() == (1, [b""] * BATCH_MAX)
    assert outbox.take_batch() == (BATCH_MAX + 1, [b""] * 5)
    assert outbox.take_batch() is None
    large = Outbox(EPOCH, 10_000, 10**9, first=7)
    for _ in range(3):
        large.add(b"x" * BATCH_BYTES_MAX)
    assert [large.take_batch()[0] for _ in range(3)] == [7, 8, 9]


def test_it_may_begin_anywhere() -> None:
    """What an earlier life left behind keeps its numbers."""
    outbox = Outbox(EPOCH, 10, 100, first=41)
    assert (outbox.first, outbox.next_number, outbox.add(b"a")) == (41, 41, 41)
    assert outbox.on_stored(40) == Settled(41, 40) and len(outbox) == 1
