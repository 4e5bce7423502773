"""The table `events` that SQL reads: a file made from the ledger, and what came since in memory.

Owns: `HOME/data/ledger/events.duckdb`, bringing it up to the ledger's end, opening it. Does not
own: the columns (`event_columns.py`), the query (`sql.py`).

The file can be made again from the ledger at any time, so one that is damaged, of another version
or of another past is deleted. A query has it attached read-only, so that no statement can change
it, and needs no file access at all. Measured against Parquet parts on 300,000 events: 72 bytes an
event instead of 61, and queries 2 to 20 times as fast; Parquet would also have to leave the query
access to files.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from Kernel.contract.errors import LedgerError, Refused, UsageError, what_helps
from zones.ledger.derived import Row
from zones.ledger.exports.duck import load_duckdb, lock, open_duck, told_errors
from zones.ledger.exports.event_columns import (
    AS_SELECTED,
    COLUMNS,
    batches,
    columns_of,
    rows_of,
)
from zones.runtime.ledger_file import LedgerReader

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILE: Final = "events.duckdb"
VERSION: Final = 1
TAIL_EVENTS_MAX: Final = 5_000
"""So many events are put into memory at each query (50 ms); more go into the file first."""
_TABLE: Final = f"({', '.join(f'{name} {sort}' for name, sort in COLUMNS.items())})"
_META: Final = "(version BIGINT, upto BIGINT, head VARCHAR, damage VARCHAR)"
_READ_META: Final = "SELECT version, upto, head, damage FROM kept.meta"
_BATCH: Final = "batch"


class _Kept(NamedTuple):
    """What the file holds: all events up to a position with this head.

    Args:
        damage: what could not be read and is missing in it, "" for nothing.
    """

    upto: int
    head: str
    damage: str


@contextmanager
def open_events(
    reader: LedgerReader,
    folder: Path,
    progress: Callable[[int, int], None],
    say: Callable[[str], None],
    left_out: Callable[[str], None] | None = None,
) -> "Iterator[DuckDBPyConnection]":
    """Give a locked connection with a view `events` of the whole ledger.

    Args:
        folder: HOME/data/ledger.
        progress: called now and then with up to which position events were read, and the last.
        say: called with a sentence when the file cannot be written.
        left_out: called with a sentence for what cannot be read and is left out; None: it raises.

    Raises:
        ConfigError: DuckDB is not installed.
        LedgerError: the ledger cannot be read.
        Refused: the file cannot be written, and memory has no room for all events.
    """
    connection = open_duck()
    lost: list[str] = []
    past = (lambda damage: lost.append(damage.message)) if left_out else None
    table = _File(connection, Path(os.path.abspath(folder / FILE)), left_out is not None)
    try:
        newest = reader.newest
        kept = table.attach(reader)
        if newest - kept.upto > TAIL_EVENTS_MAX:
            try:
                table.extend(reader, kept, newest, progress)
            except _NotWritten as error:
                say(f"{error.message}; the newer events are read into memory")
            kept = table.attach(reader)
        with told_errors("read the events"):
            connection.execute("CREATE SCHEMA newer")
            connection.execute(f"CREATE TABLE newer.events {_TABLE}")
            for batch in batches(rows_of(reader.read(kept.upto + 1, newest, past))):
                _insert(connection, "newer.events", batch)
                progress(batch[-1][0], newest)
            both = "SELECT * FROM kept.events UNION ALL " if table.is_attached else ""
            connection.execute(f"CREATE VIEW events AS {both}SELECT * FROM newer.events")
            lock(connection)
        if left_out:
            for each in [kept.damage, *lost] if kept.damage else lost:
                left_out(each)
        yield connection
    finally:
        connection.close()
        table.close()


class _File:
    """The file, attached to a connection as `kept`.

    A lock beside it goes before DuckDB's own, which knows no waiting: who reads holds it shared for
    as long as a query runs, who writes holds it alone, and only if nobody reads.
    """

    def __init__(self, connection: "DuckDBPyConnection", path: Path, past_damage: bool) -> None:
        self._connection = connection
        self._path = path
        self._past_damage = past_damage
        self._lock = -1
        self.is_attached = False

    def attach(self, reader: LedgerReader) -> _Kept:
        """Attach the file read-only if it is there, sound, and of this ledger's past.

        Waits for a query that is writing it.
        """
        self._detach()
        if not self._path.exists() or not self._take(fcntl.LOCK_SH):
            return _NOTHING
        try:
            with told_errors(f"use {self._path}"):
                self._connection.execute(f"ATTACH {_quoted(self._path)} AS kept (READ_ONLY)")
                self.is_attached = True
                rows = self._connection.execute(
                    "SELECT version, upto, head, damage FROM kept.meta"
                ).fetchall()
        except (LedgerError, UsageError):  # damaged, or of a DuckDB that is newer
            rows = []
        if len(rows) == 1 and rows[0][0] == VERSION:
            kept = _Kept(*rows[0][1:])
            if _fits(kept, reader) and (self._past_damage or not kept.damage):
                return kept
        self._detach()
        return _NOTHING

    def extend(
        self,
        reader: LedgerReader,
        kept: _Kept,
        newest: int,
        progress: Callable[[int, int], None],
    ) -> None:
        """Write the events behind `kept` into the file, one transaction a batch.

        Raises:
            _NotWritten: a query reads it, or the disk is full.
            LedgerError: the ledger cannot be read.
        """
        self._detach()
        if not self._take(fcntl.LOCK_EX | fcntl.LOCK_NB):
            raise _NotWritten(f"cannot write {self._path}: another query is using it")
        if kept is _NOTHING:
            self._drop()
        damage = [kept.damage] if kept.damage else []
        past = (lambda found: damage.append(found.message)) if self._past_damage else None
        with _writing(self._path):
            self._connection.execute(f"ATTACH {_quoted(self._path)} AS kept (TYPE duckdb)")
            self.is_attached = True
            self._path.chmod(0o600)
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS kept.events {_TABLE}")
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS kept.meta {_META}")
            for batch in batches(rows_of(reader.read(kept.upto + 1, newest, past))):
                upto = batch[-1][0]
                head = (reader.head(upto) or b"").hex()
                self._connection.begin()
                _insert(self._connection, "kept.events", batch)
                self._connection.execute("DELETE FROM kept.meta")
                self._connection.execute(
                    "INSERT INTO kept.meta VALUES (?, ?, ?, ?)",
                    (VERSION, upto, head, damage[0] if damage else ""),
                )
                self._connection.commit()
                progress(upto, newest)
            self._detach()

    def close(self) -> None:
        """Let others write it; the connection is closed by now."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _take(self, how: int) -> bool:
        """Take the lock, or hold it otherwise than before; False where it cannot be had."""
        try:
            if self._lock < 0:
                name = self._path.with_name(self._path.name + ".lock")
                self._lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, how)
        except OSError:
            return False
        return True

    def _drop(self) -> None:
        for path in (self._path, self._path.with_name(self._path.name + ".wal")):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise _NotWritten(
                    f"cannot delete {path}: {error.strerror}", what_helps(error, path.parent)
                ) from error

    def _detach(self) -> None:
        if self.is_attached:
            self.is_attached = False
            self._connection.execute("DETACH kept")


_NOTHING: Final = _Kept(0, "", "")


class _NotWritten(LedgerError):
    """The file cannot be written; the ledger can still be read."""


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        with told_errors(f"write {path}"):
            yield
    except (Refused, UsageError) as error:
        raise _NotWritten(error.message) from error
    except LedgerError as error:
        if isinstance(error.__cause__, load_duckdb().Error):
            raise _NotWritten(error.message) from error
        raise


def _fits(kept: _Kept, reader: LedgerReader) -> bool:
    """Tell whether the file was made from this ledger."""
    return kept.upto <= reader.newest and kept.head == (reader.head(kept.upto) or b"").hex()


def _insert(connection: "DuckDBPyConnection", table: str, batch: list[Row]) -> None:
    connection.register(_BATCH, columns_of(batch))
    try:
        connection.execute(f"INSERT INTO {table} SELECT {AS_SELECTED} FROM {_BATCH}")
    finally:
        connection.unregister(_BATCH)


def _quoted(path: Path) -> str:
    return "'" + os.fspath(path).replace("'", "''") + "'"
