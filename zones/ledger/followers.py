"""Who follows the log: the newest records from memory, whoever is behind from the log itself.

Owns: where each follower stands, and sending it what comes next without ever waiting for it. Does
not own: sockets (`connection.py`), the log.

A follower that is slow costs the writer nothing: what is in memory is bounded, and behind that the
log is read, one slice at a time, when there is nothing to commit (or once in a while, lest it
starve). The order and the absence of holes follow from positions: each is asked for by number.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final

from Kernel.contract.user_bus import BATCH_BYTES_MAX, BATCH_MAX, Records
from zones.ledger.connection import Connection

FORGOTTEN_MAX: Final = 1024
"""So many forgotten batches may stand at the beginning of the list before it is shortened."""
MESSAGES_MAX: Final = 4
"""Messages one follower is sent from memory in one turn."""

Read = Callable[[int], Iterator[tuple[int, bytes]]]


class Recent:
    """The newest records, as many as fit, in the batches they were stored in.

    Args:
        bytes_max: how much of them is kept.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._batches: list[list[bytes]] = []
        self._firsts: list[int] = []
        self._sizes: list[int] = []
        self._gone = 0  # batches at the beginning of the lists that are forgotten already
        self._bytes = 0
        self.newest = 0

    @property
    def first(self) -> int:
        """Return the position of the oldest one; behind `newest` when there is none."""
        return self._firsts[self._gone] if self._gone < len(self._firsts) else self.newest + 1

    def add(self, first_position: int, records: list[bytes], size_bytes: int) -> None:
        """Keep what was stored, and forget the oldest."""
        if first_position != self.newest + 1:
            self._forget(len(self._firsts))
        self._batches.append(records)
        self._firsts.append(first_position)
        self._sizes.append(size_bytes)
        self.newest = first_position + len(records) - 1
        self._bytes += size_bytes
        gone = self._gone
        while self._bytes > self._bytes_max and gone < len(self._firsts):
            self._bytes -= self._sizes[gone]
            self._batches[gone] = []
            gone += 1
        self._gone = gone
        if gone > FORGOTTEN_MAX and gone * 2 > len(self._firsts):
            self._forget(gone)

    def read(self, position: int) -> Iterator[tuple[int, bytes]]:
        """Yield positions and records from one that is kept on."""
        index = bisect_right(self._firsts, position) - 1
        for first, records in zip(self._firsts[index:], self._batches[index:], strict=True):
            for place, record in enumerate(records, first):
                if place >= position:
                    yield place, record

    def _forget(self, count: int) -> None:
        for each in (self._batches, self._firsts, self._sizes):
            del each[:count]
        self._gone = 0
        if not self._firsts:
            self._bytes = 0


class Followers:
    """All followers of this archive.

    Args:
        recent: what is still in memory.
        read: reads the log from a position on; its iterator is not held over a turn.
    """

    def __init__(self, recent: Recent, read: Read) -> None:
        self._recent = recent
        self._read = read
        self._next: dict[Connection, int] = {}

    def __len__(self) -> int:
        """Return how many follow."""
        return len(self._next)

    def __contains__(self, connection: Connection) -> bool:
        """Return whether it follows."""
        return connection in self._next

    def of_zone(self, zone: str) -> int:
        """Return how many of an endpoint follow."""
        return sum(each.zone == zone for each in self._next)

    def add(self, connection: Connection, from_position: int) -> None:
        """Send a connection everything from a position on, for good."""
        self._next[connection] = max(from_position, 1)

    def drop(self, connection: Connection) -> None:
        """Forget one that has gone."""
        self._next.pop(connection, None)

    def feed(self) -> None:
        """Send from memory what those who are near its end have not seen."""
        recent = self._recent
        for connection, stood in self._next.items():
            place, sent = stood, 0
            while connection.is_writable and recent.first <= place <= recent.newest:
                place = self._offer(connection, place, recent.read(place))
                sent += 1
                if sent == MESSAGES_MAX:
                    break
            self._next[connection] = place

    def catch_up(self) -> bool:
        """Send one slice of the log to one of those who are behind; True: there is more to do.

        Raises:
            LedgerError: the log cannot be read.
        """
        behind = [
            connection
            for connection, place in self._next.items()
            if connection.is_writable and place < self._recent.first and place <= self.newest()
        ]
        if not behind:
            return False
        connection = behind[0]
        records = self._read(self._next[connection])
        # Taken out and put back: whoever was served goes to the end of the row.
        place = self._next.pop(connection)
        after = self._offer(connection, place, records)
        if after == place and connection.is_writable:
            after = self._recent.first  # the log has nothing between: it was damaged there
        self._next[connection] = after
        return True

    def newest(self) -> int:
        """Return the newest position there is."""
        return self._recent.newest

    def _offer(
        self, connection: Connection, place: int, records: Iterator[tuple[int, bytes]]
    ) -> int:
        """Offer one message of records without a hole, and return where to go on."""
        taken: list[bytes] = []
        size = 0
        first = 0
        for position, record in records:
            if not taken:
                first = position  # later than asked for where a damaged log has lost some
            elif position != first + len(taken) or size + len(record) > BATCH_BYTES_MAX:
                break
            taken.append(record)
            size += len(record) + 8
            if len(taken) == BATCH_MAX:
                break
        if not taken:
            return place
        return first + len(taken) if connection.offer(Records(first, taken)) else place
