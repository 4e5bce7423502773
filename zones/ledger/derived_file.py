"""A derived table's own SQLite file: opened, or made anew when it is damaged or of another version.

Owns: opening, version, `upto`, one transaction for a batch, what becomes of damage. Does not own:
what the tables hold (`index.py`, `relations.py`), who fills them (`derived.py`).

synchronous=NORMAL: after a power cut the file is sound and perhaps some commits old, and its `upto`
says so. Nothing here is ever the only copy of anything, so a file that cannot be used is deleted.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw

from Kernel.contract.errors import LedgerError, what_helps
from zones.ledger.derived import Row
from zones.runtime.sqlite_damage import DAMAGED, FAILED

BUSY_MS: Final = 2000
CACHE_KIB: Final = 16 * 1024
CHECKPOINT_PAGES: Final = 4000
_META: Final = (
    "CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, "
    "upto INTEGER NOT NULL, last_id BLOB NOT NULL) STRICT"
)


class DerivedFile:
    """The writer of one such file.

    Args:
        path: need not be there; its folder must.
        version: of its tables; a file of another one is made anew.
        schema: statements that make its tables.
        tell: called with the name of an event and its values, for people.

    Raises:
        LedgerError: the file cannot be made or opened for writing.
    """

    def __init__(
        self,
        path: Path,
        version: int,
        schema: Sequence[str],
        tell: Callable[..., None],
    ) -> None:
        self.path = path
        self._version = version
        self._schema = tuple(schema)
        self._tell = tell
        self._db = self._open()
        self.upto, self.last_id = self._read_meta()

    def take(self, rows: Sequence[Row], write: Callable[[apsw.Connection], None]) -> None:
        """Run `write` in one transaction that moves `upto` to the last row.

        Raises:
            LedgerError: it could not be committed; nothing was written.
        """
        assert rows and rows[0][0] > self.upto, "events come in order and once"
        upto, last_id = rows[-1][0], rows[-1][1].id
        try:
            with self._db:
                write(self._db)
                self._db.execute("UPDATE meta SET upto = ?, last_id = ?", (upto, last_id))
        except DAMAGED as error:
            # The next batch begins at 1 again: who drives this looks at `upto` each time.
            self._tell("archive.derived_rebuilt", what=self.path.name, why=str(error))
            self.rebuild()
        except (apsw.Error, OSError) as error:
            raise self._cannot("write", error) from error
        else:
            self.upto, self.last_id = upto, last_id

    def rebuild(self) -> None:
        """Empty it, by beginning a new file.

        Raises:
            LedgerError: it cannot be made.
        """
        self.close()
        _delete(self.path)
        self._db = self._open()
        self.upto, self.last_id = self._read_meta()

    def connection(self) -> apsw.Connection:
        """Return the connection, for reading what was written."""
        return self._db

    def close(self) -> None:
        """Close the file."""
        with suppress(apsw.Error):
            self._db.close()

    def _open(self) -> apsw.Connection:
        try:
            db = _connect(self.path)
            why = _misfit(db, self._version)
            if why is None:
                return db
            db.close()
            if why:
                self._tell("archive.derived_rebuilt", what=self.path.name, why=why)
            _delete(self.path)
            db = _connect(self.path)
            with db:
                for statement in (_META, *self._schema):
                    db.execute(statement)
                db.execute("INSERT INTO meta VALUES (1, ?, 0, x'')", (self._version,))
        except (*FAILED, OSError) as error:
            raise self._cannot("open", error) from error
        return db

    def _read_meta(self) -> tuple[int, bytes]:
        for upto, last_id in self._db.execute("SELECT upto, last_id FROM meta"):
            return int(upto), bytes(last_id)
        raise LedgerError(f"cannot use {self.path}: it does not say what it holds")

    def _cannot(self, what: str, error: Exception) -> LedgerError:
        hint = what_helps(error, self.path.parent) if isinstance(error, OSError) else ""
        return LedgerError(
            f"cannot {what} {self.path}: {error}", hint or f"df -h {self.path.parent}"
        )


def _connect(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path))
    db.set_busy_timeout(BUSY_MS)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        f"cache_size = -{CACHE_KIB}",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
    ):
        with suppress(apsw.NotADBError, apsw.CorruptError):
            db.execute(f"PRAGMA {pragma}")
    return db


def _misfit(db: apsw.Connection, version: int) -> str | None:
    """Return why a file cannot be used, "" when it is new, None when it can."""
    try:
        if not list(db.execute("SELECT 1 FROM sqlite_schema LIMIT 1")):
            return ""
        found = list(db.execute("SELECT version FROM meta"))
        if found != [(version,)]:
            return f"it is of version {found[0][0] if found else '?'}, this code has {version}"
        return None
    except FAILED as error:
        return str(error)


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
