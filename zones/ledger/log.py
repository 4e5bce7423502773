"""The log: every event that was acknowledged, in one order, chained, durable.

Owns: appending, positions, the chain, marks, carrying the WAL over. Does not own: the schema and
reading (`zones/runtime/ledger_file.py`), what is found wrong at the start (`opening.py`), segments
(`segments.py`), when to commit: the caller's batch is one transaction.

An append is durable when it returns, or it has changed nothing, on disk or here, and may be tried
again. Model: the group commit of PostgreSQL's `xact.c`, without its waiting: whoever comes while a
batch is synced is in the next one.
"""

import errno
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import apsw

from Kernel.contract.errors import LedgerError, what_helps
from zones.ledger import salvage
from zones.ledger.flush_check import FlushCheck, check_flush
from zones.ledger.opening import find_end, find_missing, load_marks, open_log
from zones.ledger.segments import SegmentMover
from zones.ledger.telling import TOLD_MAX, Pulse, Tell, unwatched
from zones.ledger.wal_wipe import wipe_behind
from zones.ledger.writer_file import WriterFile
from zones.runtime.ledger_file import LOG, ArenaMark, Gap, SenderMark
from zones.runtime.sqlite_damage import DAMAGED

WAL_PAGES_MAX: Final = 1000
"""Pages in the WAL from which a checkpoint is due before the next append."""
WAL_PAGES_IDLE: Final = 100
"""Pages from which it is due when there is nothing else to do."""
SENDERS_KEPT: Final = 10_000
"""Lives of senders of each zone whose marks are kept; an older one would have to come back with a
write-ahead file from before ten thousand other starts to have its events stored twice."""
LOOK_S: Final = 0.02
"""So often it is seen whether the files still have their names."""
_PUT_SENDER: Final = "REPLACE INTO senders VALUES (?, ?, ?, ?, ?)"
_PUT_ARENA: Final = "REPLACE INTO arenas VALUES (?, ?, ?, ?, ?)"
_ERRNO: Final = {
    apsw.FullError: errno.ENOSPC,
    apsw.IOError: errno.EIO,
    apsw.ReadOnlyError: errno.EROFS,
    apsw.CantOpenError: errno.ENOENT,
}


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
        pulse: called between the steps of what takes long: opening, mending.

    Attributes:
        newest: position of the newest record, 0 when there is none.
        head: its head.
        flush: whether an acknowledgement can be trusted on this disk.
        missing: positions whose segments are not there.
        has_moved: the folder was replaced while it was written: who else has files of it open must
            open them again.

    Raises:
        LedgerError: another process writes it, or the disk refuses.
    """

    newest: int
    head: bytes
    flush: FlushCheck
    missing: tuple[Gap, ...] = ()
    has_moved = False
    _is_open = False
    _owes_step = _owes_wipe = False
    _look_s = 0.0
    _forget_at = SENDERS_KEPT

    def __init__(
        self, folder: Path, settings: LogSettings, tell: Tell, pulse: Pulse = unwatched
    ) -> None:
        self.folder = folder
        self._pulse = pulse
        self._settings = settings
        self._tell = tell
        self._senders: dict[tuple[str, bytes], tuple[SenderMark, int]] = {}
        self._arenas: dict[bytes, tuple[ArenaMark, int]] = {}
        self._writer = WriterFile(folder)
        try:
            self._open()
            self.flush = check_flush(folder, self._connection)
        except (apsw.Error, OSError) as error:
            self._writer.abandon()
            raise _refusal("open the ledger", folder, error) from error
        except BaseException:
            self._writer.abandon()
            raise

    def append(self, records: Sequence[bytes], marks: Sequence[SenderMark | ArenaMark] = ()) -> int:
        """Store records and marks in one transaction; durable on return.

        Returns:
            the position of the first record.

        Raises:
            LedgerError: nothing was stored; it may be tried again, when there is room, say.
        """
        try:
            if time.monotonic() >= self._look_s:
                self._look_after_files()
            try:
                return self._append(records, marks)
            except DAMAGED as error:
                self._open_again(error)
                return self._append(records, marks)
        except (apsw.Error, OSError) as error:
            self._owes_wipe = True
            raise _refusal(f"store {len(records)} events", self.folder, error) from error

    def sender_stored(self, zone: str, epoch: bytes) -> int:
        """Return up to which number the events of one life of a sender are stored; 0: none."""
        found = self._senders.get((zone, epoch))
        return found[0].number if found else 0

    def arena_stored(self, arena: bytes) -> ArenaMark | None:
        """Return how far an arena's outbox is stored, None when nothing of it is."""
        found = self._arenas.get(arena)
        return found[0] if found else None

    def maintain(self, budget_s: float) -> bool:
        """Do a step of what can wait; returns whether there is more to do.

        Raises:
            LedgerError: it could not be done now.
        """
        until_s = time.monotonic() + budget_s
        try:
            self._look_after_files()
            self._wipe()
            if self.missing:  # somebody may have put them back
                self.missing = tuple(find_missing(self.folder, self._connection, self.newest))
            self._forget_marks()
            if self._wal_pages >= WAL_PAGES_IDLE and not self._owes_step:
                self._checkpoint()
                # One slow sync is enough for whoever waits; the next time it is not put first.
                self._owes_step = time.monotonic() >= until_s
                if self._owes_step:
                    return True
            self._owes_step = False
            while self._mover.step():
                if time.monotonic() >= until_s:
                    return True
                if self._wal_pages >= WAL_PAGES_MAX:
                    self._checkpoint()
        except DAMAGED as error:
            self._open_again(error)
        except (apsw.Error, OSError) as error:
            self._owes_wipe = True
            raise _refusal("look after the ledger", self.folder, error) from error
        return False

    def close(self) -> None:
        """Close the files and let another writer in."""
        self._shut()
        self._writer.close(self.newest)

    def _open(self, malformed: str = "") -> None:
        self._connection = open_log(self.folder, self._writer, self._tell, malformed, self._pulse)
        self._connection.set_wal_hook(self._on_commit)
        self._wal_pages = WAL_PAGES_IDLE  # of the writer before, as if
        self._files = self._identities()
        self.newest, self.head, self._next = find_end(self.folder, self._connection)
        self._senders.clear()
        self._arenas.clear()
        marks = load_marks(self._connection)
        for row, mark in marks.items():
            if isinstance(mark, SenderMark):
                self._senders[mark.zone, mark.epoch] = (mark, row)
            else:
                self._arenas[mark.arena] = (mark, row)
        self._next_row = max(marks, default=0)
        self.missing = tuple(find_missing(self.folder, self._connection, self.newest))
        for gap in self.missing[:TOLD_MAX]:
            self._tell("archive.gap", first=gap.first, last=gap.last, why=gap.why)
        self._mover = SegmentMover(
            self.folder,
            self._connection,
            self._settings.log_bytes_max,
            self._settings.segment_bytes,
            self._tell,
        )
        self._is_open, self._owes_wipe = True, False

    def _open_again(self, error: Exception) -> None:
        """Save what can be read, now that a page was found bad that nobody had looked at."""
        self._shut()
        self._open(str(error))

    def _shut(self) -> None:
        self._is_open, self._look_s = False, 0.0
        self._writer.closed = self.newest  # what is behind it was reserved and never given
        self._mover.drop()
        self._connection.close()

    def _append(self, records: Sequence[bytes], marks: Sequence[SenderMark | ArenaMark]) -> int:
        self._wipe()
        if self._wal_pages >= WAL_PAGES_MAX:
            self._checkpoint()
        first, head = self._next, self.head
        rows = []
        for position, record in enumerate(records, first):
            head = sha256(head + record).digest()
            rows.append((position, head, record))
        last = first + len(rows) - 1
        if last > self._writer.free:
            self._writer.reserve(last)
        senders, arenas = self._placed(marks)
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
            for sender, row in senders.values():
                execute(_PUT_SENDER, (row, *sender, sender.checksum))
            for arena, row in arenas.values():
                execute(_PUT_ARENA, (row, *arena, arena.checksum))
            execute("COMMIT")
        except apsw.Error:
            self._roll_back()
            raise
        for key in senders:
            self._senders.pop(key, None)  # whoever was heard of last comes last
        self._senders.update(senders)
        self._arenas.update(arenas)
        if rows:
            self.newest, self.head, self._next = last, head, last + 1
        return first

    def _forget_marks(self) -> None:
        """Forget, of each zone, the lives that nobody has heard of for longest.

        Of each: every `molt emit` is a life, and all of them together must not forget the kernel.
        """
        if len(self._senders) < self._forget_at:
            return
        of_zone: dict[str, list[tuple[str, bytes]]] = {}
        for key in self._senders:
            of_zone.setdefault(key[0], []).append(key)
        oldest = [key for keys in of_zone.values() for key in keys[:-SENDERS_KEPT]]
        with self._connection:
            rows = [(self._senders[key][1],) for key in oldest]
            self._connection.executemany("DELETE FROM senders WHERE id = ?", rows)
        for key in oldest:
            del self._senders[key]
        self._forget_at = len(self._senders) + SENDERS_KEPT // 10

    def _placed(
        self, marks: Sequence[SenderMark | ArenaMark]
    ) -> tuple[dict[tuple[str, bytes], tuple[SenderMark, int]], dict[bytes, tuple[ArenaMark, int]]]:
        """Return marks with the rows they go to."""
        senders: dict[tuple[str, bytes], tuple[SenderMark, int]] = {}
        arenas: dict[bytes, tuple[ArenaMark, int]] = {}
        for mark in marks:
            if isinstance(mark, SenderMark):
                key = (mark.zone, mark.epoch)
                known = senders.get(key) or self._senders.get(key)
                senders[key] = (mark, known[1] if known else self._new_row())
            else:
                place = arenas.get(mark.arena) or self._arenas.get(mark.arena)
                arenas[mark.arena] = (mark, place[1] if place else self._new_row())
        return senders, arenas

    def _new_row(self) -> int:
        self._next_row += 1
        return self._next_row

    def _look_after_files(self) -> None:
        """Write the log back when somebody has deleted or replaced its files, or their folder.

        What is stored in a file without a name is durable, and nobody ever finds it. Nothing of the
        log is lost while this process lives: the files that are open have all of it. Segments are
        not open; those that are gone are told.
        """
        self._look_s = time.monotonic() + LOOK_S
        if not self._writer.has_its_name():
            went = self._writer.where()
            self._writer = self._writer.again()
            self.has_moved = True
            why = f"the folder was moved to {went}" if went else "the folder was deleted"
        else:
            why = "log.sqlite3 or its WAL was deleted or replaced"
        if not self._is_open:
            self._open()
        if self._identities() == self._files:
            return
        aside = salvage.rescue(self.folder, self._connection, self._pulse)
        kept = self.newest
        self._shut()
        self._open()
        why += "; log.sqlite3 was written back from the open files"
        lost = sum(gap.last - gap.first + 1 for gap in self.missing)
        self._tell("archive.salvaged", kept=kept - lost, lost=lost, aside=str(aside), why=why)

    def _identities(self) -> tuple[tuple[int, int], ...]:
        """Return which files have the names of the log and its WAL."""
        found = []
        for name in (LOG, salvage.WAL):
            try:
                status = os.stat(self.folder / name)
                found.append((status.st_dev, status.st_ino))
            except FileNotFoundError:
                found.append((0, 0))
        return tuple(found)

    def _checkpoint(self) -> None:
        """Carry the WAL into the database; a disk that refuses makes the WAL grow, no more."""
        try:
            log_pages, done_pages = self._connection.wal_checkpoint()
        except apsw.Error:
            return
        if log_pages == done_pages:
            self._wal_pages = 0

    def _wipe(self) -> None:
        """Take out of the WAL what a write that failed has left behind its end, before the next.

        After a kill it would look like a torn end; where several have failed, like stored events.
        """
        if self._owes_wipe:
            pages, _ = self._connection.wal_checkpoint()
            wipe_behind(self.folder / salvage.WAL, pages, salvage.PAGE_BYTES)
            self._owes_wipe = False

    def _on_commit(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except apsw.Error:
                pass  # SQLite has rolled it back by itself


def _refusal(act: str, folder: Path, error: apsw.Error | OSError) -> LedgerError:
    """Return what the disk refused, with what helps."""
    if isinstance(error, OSError):
        return LedgerError(
            f"cannot {act} in {folder}: {error.strerror or error}", what_helps(error, folder)
        )
    if isinstance(error, apsw.BusyError):
        return LedgerError(
            f"cannot {act} in {folder}: another process has locked {LOG}",
            f"fuser -v {shlex.quote(str(folder / LOG))}",
        )
    number = next((code for kind, code in _ERRNO.items() if isinstance(error, kind)), 0)
    hint = what_helps(OSError(number, str(error)), folder)
    return LedgerError(f"cannot {act} in {folder}: {error}", hint)
