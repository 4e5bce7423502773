"""What goes into the log in one transaction, and what is said once it is there.

Owns: gathering records with the marks of their senders, and the bound on both. Does not own: the
log (`log.py`), who is told what (`bus_server.py`, `arena_feed.py`, `scribe_server.py`).
A batch that could not be stored is kept as it is and tried again: nobody has to hand anything in
twice, and nothing more is read meanwhile.
"""

from collections.abc import Callable
from typing import Final

from zones.runtime.ledger_file import ArenaMark, SenderMark

RECORDS_MAX: Final = 4096
BYTES_MAX: Final = 4 << 20
"""Of one transaction: about 15 ms of work, so nobody waits longer than that for his turn."""

Then = Callable[[int], None]


class Batch:
    """Records in log order.

    Attributes:
        records: what is stored.
        size_bytes: of all records.
    """

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.size_bytes = 0
        self._marks: dict[tuple[str, bytes], SenderMark | ArenaMark] = {}
        self._thens: list[Then] = []

    @property
    def is_full(self) -> bool:
        """Return whether the next turn should have the rest."""
        return len(self.records) >= RECORDS_MAX or self.size_bytes >= BYTES_MAX

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to store, mark or say."""
        return not self.records and not self._marks and not self._thens

    @property
    def is_silent(self) -> bool:
        """Return whether there is something to be said, but nothing to be stored."""
        return not self.records and not self._marks

    def add(self, record: bytes) -> int:
        """Add a record and return its place: its position is the first one's plus this."""
        self.records.append(record)
        self.size_bytes += len(record)
        return len(self.records) - 1

    def extend(self, records: list[bytes]) -> int:
        """Add records that follow each other and return the place of the first."""
        place = len(self.records)
        self.records += records
        self.size_bytes += sum(map(len, records))
        return place

    def mark_sender(self, zone: str, epoch: bytes, number: int) -> None:
        """Note that with this batch everything of a sender up to `number` is settled."""
        self._marks[zone, epoch] = SenderMark(zone, epoch, number)

    def mark_arena(self, arena: bytes, sequence: int, offset: int) -> None:
        """Note where the reading of an outbox stands behind this batch."""
        self._marks["", arena] = ArenaMark(arena, sequence, offset)

    def then(self, act: Then) -> None:
        """Call `act` with the position of the batch's first record once it is stored."""
        self._thens.append(act)

    def marks(self) -> list[SenderMark | ArenaMark]:
        """Return the marks that belong into the same transaction."""
        return list(self._marks.values())

    def settle(self, first_position: int) -> None:
        """Say to all that it is stored."""
        for act in self._thens:
            act(first_position)
