"""The index of the ledger, read: which positions may fit, where an id is, what an event caused.

Owns: the form of `index.sqlite3`, reading it, knowing when it must not be believed. Does not own:
filling it (`zones/ledger/index.py`), what exactly fits (`ledger_search.py`).

It is only ever a faster way: whoever finds None here, or LedgerError, reads the log itself. It may
be some events behind the log and says how far it goes.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import apsw

from Kernel.contract.envelope import ID_BYTES, parse_envelope
from Kernel.contract.errors import CodecError, LedgerError
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.sqlite_damage import FAILED

FILE: Final = "index.sqlite3"
VERSION: Final = 1
SCHEMA: Final = (
    "CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    # Kind, zone, agent and about (the zone an event of the kernel is about) are of `name`. A column
    # that is in no index is found by looking at every row: 10 million of them take a second.
    "CREATE TABLE event (position INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL, "
    "zone INTEGER NOT NULL, tick INTEGER, time INTEGER NOT NULL, level INTEGER NOT NULL, "
    "agent INTEGER, role INTEGER NOT NULL, cause BLOB, trace BLOB, about INTEGER)",
    "CREATE INDEX event_id ON event (id)",
    "CREATE INDEX event_kind ON event (kind)",
    "CREATE INDEX event_cause ON event (cause) WHERE cause IS NOT NULL",
    "CREATE INDEX event_agent ON event (agent) WHERE agent IS NOT NULL",
)
BUSY_MS: Final = 2000


class LedgerIndex:
    """The index of one ledger; see `open_index`."""

    def __init__(self, db: apsw.Connection, upto: int) -> None:
        self._db = db
        self.upto = upto
        """The last position it holds, when it was opened."""

    def names(self) -> list[tuple[int, str]]:
        """Return every kind, zone and agent with its number.

        Raises:
            LedgerError: the index is damaged.
        """
        return [(int(each), str(text)) for each, text in self.fetch("SELECT id, text FROM name")]

    def positions(
        self, where: str, values: Iterable[Any], first: int, last: int, back: bool, count: int
    ) -> list[int]:
        """Return at most `count` positions from `first` to `last`, in order.

        Args:
            where: a condition over the columns of `event`.
            back: the last ones, descending.

        Raises:
            LedgerError: the index is damaged.
        """
        order = "DESC" if back else "ASC"
        rows = self.fetch(
            f"SELECT position FROM event WHERE position BETWEEN ? AND ? AND {where} "
            f"ORDER BY position {order} LIMIT ?",
            (first, min(last, self.upto), *values, count),
        )
        return [int(position) for (position,) in rows]

    def find_id(self, digits: str, count: int) -> list[int]:
        """Return at most `count` positions of events whose id begins with hexadecimal digits.

        Raises:
            LedgerError: the index is damaged.
        """
        low = bytes.fromhex(digits.ljust(2 * ID_BYTES, "0"))
        high = bytes.fromhex(digits.ljust(2 * ID_BYTES, "f"))
        sql = (
            "SELECT position FROM event WHERE id BETWEEN ? AND ? AND position <= ? "
            "ORDER BY id, position LIMIT ?"
        )
        return sorted(position for (position,) in self.fetch(sql, (low, high, self.upto, count)))

    def caused_by(self, event_id: bytes, count: int) -> list[int]:
        """Return at most `count` positions of events that name this one as their cause.

        Raises:
            LedgerError: the index is damaged.
        """
        sql = (
            "SELECT position FROM event WHERE cause = ? AND position <= ? ORDER BY position LIMIT ?"
        )
        return [int(position) for (position,) in self.fetch(sql, (event_id, self.upto, count))]

    def fetch(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return rows.

        Raises:
            LedgerError: the index is damaged.
        """
        return fetch(self._db, sql, values)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def open_index(folder: Path, reader: LedgerReader) -> LedgerIndex | None:
    """Return the index of a ledger; None when there is none that may be believed.

    One that was made from another past of the log (its tail was cut, or it was salvaged) is not.
    """
    db = open_reading(folder / FILE, VERSION)
    if db is None:
        return None
    try:
        ((upto, last_id),) = fetch(db, "SELECT upto, last_id FROM meta")
        record = reader.get(upto) if upto else None
        if record is not None and parse_envelope(record).id == last_id:
            return LedgerIndex(db, int(upto))
    except (LedgerError, CodecError, ValueError):
        pass
    db.close()
    return None


def open_reading(path: Path, version: int) -> apsw.Connection | None:
    """Open a file that is derived from the log for reading only, None when it cannot be used."""
    if not path.is_file():
        return None
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        db.set_busy_timeout(BUSY_MS)
        if list(db.execute("SELECT version FROM meta")) == [(version,)]:
            return db
        db.close()
    except FAILED:
        pass
    return None


def fetch(db: apsw.Connection, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """Return rows.

    Raises:
        LedgerError: the file is damaged.
    """
    try:
        return list(db.execute(sql, tuple(values)))
    except FAILED as error:
        raise LedgerError(f"cannot read {db.db_filename('main')}: {error}") from error
