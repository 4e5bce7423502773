"""The index of the ledger, filled: a short row for every event.

Owns: making a row of an event. Does not own: the form of the file and reading it
(`zones/runtime/ledger_index.py`), when it is filled (`derived.py`).

Measured with 300,000 events, on two cores that others used, too: 170,000 events a second with ids
that sort by time, as senders make them (310,000 per second of processor), 130 bytes each; 55,000
with ids that do not (a world's, or a hostile sender's): those touch a page each. Then the index
stays behind until there is quiet, and who searches reads the rest from the log.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import apsw

from Kernel.contract.envelope import KERNEL, Envelope
from Kernel.contract.errors import CodecError
from zones.ledger.derived import Row
from zones.ledger.derived_file import DerivedFile
from zones.runtime.ledger_event import zone_told
from zones.runtime.ledger_index import FILE, SCHEMA, VERSION

NAMES_KEPT_MAX: Final = 20_000
_INSERT: Final = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_Values = tuple[int | bytes | None, ...]


class Index:
    """The writer of `index.sqlite3`.

    Args:
        folder: of the ledger; must be there.
        tell: called with the name of an event and its values, for people.

    Raises:
        LedgerError: the file cannot be made.
    """

    name = "index"

    def __init__(self, folder: Path, tell: Callable[..., None]) -> None:
        self._file = DerivedFile(folder / FILE, VERSION, SCHEMA, tell)
        self._names: dict[str, int] = {}

    @property
    def upto(self) -> int:
        """The last position indexed."""
        return self._file.upto

    @property
    def last_id(self) -> bytes:
        """Id of the event there."""
        return self._file.last_id

    def take(self, rows: Sequence[Row]) -> None:
        """Add events, see `Derived.take`."""

        def write(db: apsw.Connection) -> None:
            db.executemany(_INSERT, [self._values(db, *row) for row in rows])

        before = self._file.upto
        try:
            self._file.take(rows, write)
        finally:
            if self._file.upto <= before or len(self._names) > NAMES_KEPT_MAX:
                self._names.clear()  # some of them may have been taken back with the rest

    def rebuild(self) -> None:
        """Empty it."""
        self._names.clear()
        self._file.rebuild()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _values(self, db: apsw.Connection, position: int, event: Envelope) -> _Values:
        names = self._names
        kind, zone, agent = event.kind, event.zone, event.agent
        return (
            position,
            event.id,
            names.get(kind) or self._number(db, kind),
            names.get(zone) or self._number(db, zone),
            event.tick,
            event.time_ns,
            event.level,
            (names.get(agent) or self._number(db, agent)) if agent else None,
            event.role,
            event.cause or None,
            event.trace or None,
            self._about(db, event) if zone == KERNEL else None,
        )

    def _about(self, db: apsw.Connection, event: Envelope) -> int | None:
        try:
            about = zone_told(event.payload_fields())
        except CodecError:
            return None
        return (self._names.get(about) or self._number(db, about)) if about else None

    def _number(self, db: apsw.Connection, name: str) -> int:
        db.execute("INSERT OR IGNORE INTO name (text) VALUES (?)", (name,))
        number = int(db.execute("SELECT id FROM name WHERE text = ?", (name,)).get)
        self._names[name] = number
        return number
