"""Reads what a ledger has got since the last look, and tells what of it is not as it must be.

Owns: that reading. Does not own: the rules of a whole log (`log_rules.py`), the chain itself
(`zones/ledger/verify.py`).
"""

from contextlib import closing
from pathlib import Path
from typing import Final

from Kernel.contract.envelope import Envelope, parse_envelope
from Kernel.contract.places import LEDGER
from tools.chaos.log_rules import ALARMS, SPILLED
from tools.chaos.sender import Sender
from zones.ledger.verify import verify
from zones.runtime.ledger_file import LedgerReader

REFUSED: Final = "archive.refused"
WHY_LENGTH: Final = 200


class LogFollower:
    """Follows one ledger from its newest position on; what was before is taken as it is.

    Args:
        home: its kernel may be running.
        sender: whose events must be where it was told that they are.
        liars: zones whose events are refused by right.
    """

    def __init__(self, home: Path, sender: Sender, liars: frozenset[str] = frozenset()) -> None:
        self._home = home
        self._sender = sender
        self._liars = liars
        with closing(LedgerReader(home / LEDGER)) as reader:
            self._next = reader.newest + 1
        self._where: dict[int, int] = {}
        self._judged = 0
        self.first = self._next
        self.events = 0

    def look(self) -> list[str]:
        """Read on, and return what is wrong with what was read."""
        acknowledged = list(self._sender.notes.acknowledged.items())
        faults: list[str] = []
        with closing(LedgerReader(self._home / LEDGER)) as reader:
            verdict = verify(reader, self._next)
            for fault in verdict.faults:
                faults.append(f"chain, {fault.first} to {fault.last}: {fault.why}")
            for position, record in reader.read(self._next, verdict.last):
                event = parse_envelope(record)
                if event.kind in ALARMS and not self._is_lie(event):
                    told = str(event.payload_fields())[:WHY_LENGTH]
                    faults.append(f"the archive says {event.kind} at {position}: {told}")
                if (number := self._sender.number_of(event)) is not None:
                    self._where[number] = position
        self.events += verdict.events
        self._next = max(self._next, verdict.last + 1)
        for number, position in acknowledged[self._judged :]:
            if position != SPILLED and self._where.get(number) != position:
                faults.append(f"event {number} was stored at {position}, and is not there")
        self._judged = len(acknowledged)
        return faults

    def _is_lie(self, event: Envelope) -> bool:
        """Tell whether it says that a liar's event was refused."""
        return event.kind == REFUSED and event.payload_fields().get("from") in self._liars
