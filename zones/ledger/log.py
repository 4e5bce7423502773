"""The log: every event that was acknowledged, in one order, chained, durable.

Owns: the one writer of `log.sqlite3`, positions, the chain, marks. Does not own: the schema and
reading (`zones/runtime/ledger_file.py`), segments (`segments.py`), when to commit: the caller's
batch is one transaction (`zones/archive`).

An append is durable when it returns, or it has changed nothing, on disk or here, and may be tried
again. Model: the group commit of PostgreSQL's `xact.c`, without its waiting: whoever comes while a
batch is synced is in the next one.
"""

import ctypes
import errno
import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

import apsw

from Kernel.contract.errors import LedgerError, what_helps
from zones.runtime.ledger_blocks import Segment, list_segments
from zones.runtime.ledger_file import (
    APPLICATION,
    BUSY_MS,
    LOG,
    LOG_SCHEMA,
    NO_HEAD,
    SEGMENTS,
    VERSION,
    ArenaMark,
    SenderMark,
)
from zones.runtime.line_file import sync_directory

LOCK: Final = "lock"
PAGE_BYTES: Final = 4096
WAL_PAGES_MAX: Final = 1000
"""Pages in the WAL from which a checkpoint is due before the next append."""
WAL_PAGES_IDLE: Final = 100
"""Pages from which it is due when there is nothing else to do."""
WAL_BYTES: Final = 8 * 1024 * 1024
"""The WAL is made of this size and kept: a sync of a file that does not grow costs the disk one
write, of a growing one it is two or three."""
_ZEROS_BYTES: Final = 1024 * 1024
_ERRNO: Final[dict[type[apsw.Error], int]] = {
    apsw.FullError: errno.ENOSPC,
    apsw.IOError: errno.EIO,
    apsw.ReadOnlyError: errno.EROFS,
    apsw.CantOpenError: errno.ENOENT,
}


class Tell(Protocol):
    """Takes an event about the log itself; the archive appends it."""

    def __call__(self, kind: str, **payload: Any) -> None:
        """Take one event of a kind of `archive.*`."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the log may be told.

    Args:
        log_bytes_max: size of the log from which its oldest part is moved to a segment.
        segment_bytes: about how much of the log makes one segment, before compression.
    """

    log_bytes_max: int = 256 * 1024 * 1024
    segment_bytes: int = 64 * 1024 * 1024


class Log:
    """The one writer.

    Args:
        folder: HOME/data/ledger; made when it is missing.
        tell: is told what was found wrong, while it opens and later.

    Attributes:
        newest: position of the newest record, 0 when there is none.
        head: its head.

    Raises:
        LedgerError: another process writes it, or the disk refuses.
    """

    def __init__(self, folder: Path, settings: LogSettings, tell: Tell) -> None:
        self.folder = folder
        self._path = folder / LOG
        self._settings = settings
        self._tell = tell
        self._wal_pages = 0
        self._lock = _lock(folder)
        try:
            self._connection = self._open()
            self.newest, self.head, self._next = self._find_end()
            self._senders: dict[tuple[str, bytes], tuple[int, int]] = {
                (zone, epoch): (number, row)
                for row, zone, epoch, number in self._all("SELECT * FROM senders")
            }
            self._arenas: dict[bytes, tuple[ArenaMark, int]] = {
                arena: (ArenaMark(arena, sequence, offset), row)
                for row, arena, sequence, offset in self._all("SELECT * FROM arenas")
            }
        except BaseException:
            os.close(self._lock)
            raise

    def append(self, records: Sequence[bytes], marks: Sequence[SenderMark | ArenaMark] = ()) -> int:
        """Store records and marks in one transaction; durable on return.

        Returns:
            the position of the first record.

        Raises:
            LedgerError: nothing was stored; it may be tried again, when there is room, say.
        """
        self._check_files()
        if self._wal_pages >= WAL_PAGES_MAX:
            self._checkpoint()
        first, head = self._next, self.head
        rows = []
        for position, record in enumerate(records, first):
            head = sha256(head + record).digest()
            rows.append((position, head, record))
        senders, arenas = self._placed(marks)
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
            for (zone, epoch), (number, row) in senders.items():
                execute("REPLACE INTO senders VALUES (?, ?, ?, ?)", (row, zone, epoch, number))
            for mark, row in arenas.values():
                execute("REPLACE INTO arenas VALUES (?, ?, ?, ?)", (row, *mark))
            execute("COMMIT")
        except apsw.Error as error:
            self._roll_back()
            raise self._failure(f"store {len(rows)} events", error) from error
        self._senders.update(senders)
        self._arenas.update(arenas)
        if rows:
            self.newest, self.head = first + len(rows) - 1, head
            self._next = self.newest + 1
        return first

    def sender_stored(self, zone: str, epoch: bytes) -> int:
        """Return up to which number the events of one life of a sender are stored; 0: none."""
        return self._senders.get((zone, epoch), (0, 0))[0]

    def arena_stored(self, arena: bytes) -> ArenaMark | None:
        """Return how far an arena's outbox is stored, None when nothing of it is."""
        found = self._arenas.get(arena)
        return found[0] if found else None

    def maintain(self, budget_s: float) -> bool:
        """Do a step of what can wait; returns whether there is more to do."""
        if self._wal_pages >= WAL_PAGES_IDLE:
            self._checkpoint()
        return False

    def close(self) -> None:
        """Close the files and let another writer in."""
        self._connection.close()
        os.close(self._lock)

    def _open(self) -> apsw.Connection:
        try:
            _make_wal(self._path)
            connection = apsw.Connection(str(self._path))
            connection.set_busy_timeout(BUSY_MS)
            # The WAL stays when the last one closes it; readers need it, and it has its size.
            persist = ctypes.c_int(1)
            connection.file_control(
                "main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(persist)
            )
            connection.pragma("page_size", PAGE_BYTES)
            connection.pragma("journal_mode", "WAL")
            connection.pragma("synchronous", "FULL")
            if connection.pragma("user_version") == 0:
                connection.execute(
                    f"BEGIN IMMEDIATE; {LOG_SCHEMA} PRAGMA application_id = {APPLICATION}; "
                    f"PRAGMA user_version = {VERSION}; COMMIT"
                )
            connection.set_wal_hook(self._on_commit)
            sync_directory(self.folder)
        except apsw.Error as error:
            raise self._failure("open the ledger", error) from error
        except OSError as error:
            raise LedgerError(
                f"cannot open the ledger in {self.folder}: {error.strerror}",
                what_helps(error, self.folder),
            ) from error
        return connection

    def _find_end(self) -> tuple[int, bytes, int]:
        """Return the newest position, its head, and the position to be given next."""
        query = "SELECT position, head FROM records ORDER BY position DESC LIMIT 1"
        newest, head = next(iter(self._all(query)), (0, NO_HEAD))
        names = list_segments(self.folder / SEGMENTS)
        if newest == 0 and names:
            segment = Segment(self.folder / SEGMENTS, names[-1])
            newest, head = names[-1].last, segment.head(names[-1].last) or NO_HEAD
            segment.close()
        behind = self._all("SELECT max(last) FROM gaps")[0][0] or 0
        return newest, head, max(newest, behind) + 1

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query).fetchall()
        except apsw.Error as error:
            raise self._failure("read the ledger", error) from error

    def _placed(
        self, marks: Sequence[SenderMark | ArenaMark]
    ) -> tuple[dict[tuple[str, bytes], tuple[int, int]], dict[bytes, tuple[ArenaMark, int]]]:
        """Return marks with the rows they go to."""
        senders: dict[tuple[str, bytes], tuple[int, int]] = {}
        arenas: dict[bytes, tuple[ArenaMark, int]] = {}
        for mark in marks:
            if isinstance(mark, SenderMark):
                key = (mark.zone, mark.epoch)
                known = senders.get(key) or self._senders.get(key)
                fresh = len(self._senders) + len(senders) + 1
                senders[key] = (mark.number, known[1] if known else fresh)
            else:
                place = arenas.get(mark.arena) or self._arenas.get(mark.arena)
                fresh = len(self._arenas) + len(arenas) + 1
                arenas[mark.arena] = (mark, place[1] if place else fresh)
        return senders, arenas

    def _check_files(self) -> None:
        """Refuse to store where nobody will find it: in a file that was deleted or replaced."""

    def _checkpoint(self) -> None:
        """Carry the WAL into the database; a disk that refuses makes it grow, no more."""
        try:
            log_pages, done_pages = self._connection.wal_checkpoint()
        except apsw.Error:
            return
        if log_pages == done_pages:
            self._wal_pages = 0

    def _on_commit(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except apsw.Error:
                pass  # SQLite has rolled it back by itself

    def _failure(self, act: str, error: apsw.Error) -> LedgerError:
        number = next((code for kind, code in _ERRNO.items() if isinstance(error, kind)), 0)
        hint = what_helps(OSError(number, str(error)), self.folder)
        return LedgerError(f"cannot {act} in {self.folder}: {error}", hint)


def _lock(folder: Path) -> int:
    """Take the lock of the one writer; it goes with the process."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(folder / LOCK, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise LedgerError(
                f"cannot write the ledger in {folder}: another process does",
                f"fuser {folder / LOCK}",
            ) from error
    except OSError as error:
        raise LedgerError(
            f"cannot open the ledger in {folder}: {error.strerror}", what_helps(error, folder)
        ) from error
    return descriptor


def _make_wal(log: Path) -> None:
    """Give the WAL its size. Zeros are no frames to SQLite: it begins at the start."""
    path = log.with_name(log.name + "-wal")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        lacking = WAL_BYTES - os.fstat(descriptor).st_size
        while lacking > 0:
            lacking -= os.write(descriptor, bytes(min(lacking, _ZEROS_BYTES)))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
