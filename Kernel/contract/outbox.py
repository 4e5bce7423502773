"""What a sender of the user bus keeps until it is stored: numbered records, sent and sent again.

Owns: numbers, what is to be sent next, what an answer settles, the bounds. Does not own: sockets,
files (`ahead.py` has their form), waiting.
Pure: no clock, no socket, no disk. Kernel and zones run it on ports of their own.

Records leave it in one of two ways: the archive has stored them, or has rejected them. Whoever adds
asks `has_room` first; what to do when there is none (wait, or spill to a file) is the sender's.
"""

from collections import deque
from dataclasses import dataclass

from Kernel.contract.user_bus import BATCH_BYTES_MAX, BATCH_MAX


@dataclass(frozen=True, slots=True)
class Settled:
    """What an answer of the archive has settled.

    Args:
        first: lowest number it settles; above `last` when it settles nothing.
        last: highest number.
    """

    first: int
    last: int


class Outbox:
    """The records of one epoch that are not settled yet.

    Args:
        epoch: of this life of the sender.
        count_max, bytes_max: how much it may keep.
        first: the number the first record gets.
    """

    def __init__(self, epoch: bytes, count_max: int, bytes_max: int, first: int = 1) -> None:
        assert first >= 1 and count_max >= 1
        self.epoch = epoch
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._records: deque[bytes] = deque()
        self._first = first
        self._sent = 0
        self._bytes = 0

    def __len__(self) -> int:
        """Return how many records are not settled."""
        return len(self._records)

    @property
    def first(self) -> int:
        """Return the lowest number that is not settled; the next one to be given when none is."""
        return self._first

    @property
    def next_number(self) -> int:
        """Return the number the next record gets."""
        return self._first + len(self._records)

    @property
    def size_bytes(self) -> int:
        """Return how many bytes the records take that are not settled."""
        return self._bytes

    @property
    def sent(self) -> int:
        """Return how many of those that are not settled this connection has been told."""
        return self._sent

    @property
    def has_unsent(self) -> bool:
        """Return whether there is something that this connection has not been told."""
        return self._sent < len(self._records)

    def has_room(self, size_bytes: int) -> bool:
        """Return whether a record of this size may be added. An empty one takes any."""
        if not self._records:
            return True
        return len(self._records) < self._count_max and self._bytes + size_bytes <= self._bytes_max

    def add(self, record: bytes) -> int:
        """Keep one more record and return its number."""
        self._records.append(record)
        self._bytes += len(record)
        return self.next_number - 1

    def kept(self) -> list[tuple[int, bytes]]:
        """Return all that is not settled, with its numbers."""
        return list(enumerate(self._records, self._first))

    def take_batch(self) -> tuple[int, list[bytes]] | None:
        """Return the first number and the records to send next, None when all is sent.

        It counts as sent from now on; when the connection is lost, `on_lost` says so.
        """
        if not self.has_unsent:
            return None
        records: list[bytes] = []
        size = 0
        first = self._first + self._sent
        while self._sent < len(self._records) and len(records) < BATCH_MAX:
            record = self._records[self._sent]
            if records and size + len(record) > BATCH_BYTES_MAX:
                break
            records.append(record)
            size += len(record) + 8
            self._sent += 1
        return first, records

    def untake(self, first: int) -> None:
        """Take back a batch that could not be handed to the socket: it is sent again."""
        self._sent = min(self._sent, first - self._first)

    def on_welcome(self, stored: int) -> Settled:
        """Take the archive's word for what it has; all the rest is sent (again)."""
        self._sent = 0
        return self.on_stored(stored)

    def on_stored(self, number: int) -> Settled:
        """Forget all up to `number`: it is on disk. A number never given settles nothing more."""
        first = self._first
        last = min(number, self.next_number - 1)
        while self._first <= last:
            self._bytes -= len(self._records.popleft())
            self._first += 1
            self._sent = max(0, self._sent - 1)
        return Settled(first, last)

    def on_lost(self) -> None:
        """The connection is gone: nothing that is kept counts as sent."""
        self._sent = 0
