"""A log in memory, with a disk that can refuse: what the archive's parts are tested with."""

from collections.abc import Sequence

from Kernel.contract.envelope import Envelope, parse_envelope
from Kernel.contract.errors import LedgerError
from zones.ledger.flush_check import FlushCheck
from zones.runtime.ledger_file import ArenaMark, SenderMark


class PaperLog:
    """Keeps what `zones/ledger/log.py` would, for as long as the test lasts.

    Attributes:
        refuses: what the disk says to every append, "" when it takes them.
        appends: how many records each transaction had.
        flush: what was found of the disk.
    """

    missing = ()
    has_moved = False

    def __init__(self) -> None:
        self.flush = FlushCheck("", "", "paper", 1.0, 100.0)
        self.records: list[bytes] = []
        self.refuses = ""
        self.appends: list[int] = []
        self._senders: dict[tuple[str, bytes], int] = {}
        self._arenas: dict[bytes, ArenaMark] = {}

    @property
    def newest(self) -> int:
        """Return the newest position."""
        return len(self.records)

    def append(self, records: Sequence[bytes], marks: Sequence[SenderMark | ArenaMark] = ()) -> int:
        """Store all or nothing."""
        if self.refuses:
            raise LedgerError(self.refuses, "df -h")
        first = len(self.records) + 1
        self.records += records
        self.appends.append(len(records))
        for mark in marks:
            if isinstance(mark, SenderMark):
                self._senders[mark.zone, mark.epoch] = mark.number
            else:
                self._arenas[mark.arena] = mark
        return first

    def sender_stored(self, zone: str, epoch: bytes) -> int:
        """Return what is stored of a sender."""
        return self._senders.get((zone, epoch), 0)

    def arena_stored(self, arena: bytes) -> ArenaMark | None:
        """Return what is stored of an arena."""
        return self._arenas.get(arena)

    def maintain(self, budget_s: float) -> bool:
        """Have nothing to do."""
        return False

    def close(self) -> None:
        """Have nothing to close."""

    def read(self, first: int) -> "list[tuple[int, bytes]]":
        """Return what there is from a position on."""
        return list(enumerate(self.records[first - 1 :], first))

    def envelopes(self) -> list[Envelope]:
        """Return all events."""
        return [parse_envelope(record) for record in self.records]
