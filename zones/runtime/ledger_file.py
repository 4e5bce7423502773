"""The ledger on disk: what its files hold, and reading them beside the writer or without one.

Owns: the schema of `log.sqlite3`, the marks, reading across log and segments. Does not own:
writing (`zones/ledger/log.py`), the form of a segment (`ledger_blocks.py`).

    HOME/data/ledger/log.sqlite3                    newest records, WAL, one writer
    HOME/data/ledger/segments/FIRST-LAST.sqlite3    older ones, compressed, never changed
    HOME/data/ledger/writer                         lock, and positions that may have been given
    HOME/data/ledger/aside/                         damaged files, as they were found

Positions are 1, 2, 3, ... in the order of appending and are never given twice. The head of a record
is sha256(head of the record before + record), that before the first one 32 zero bytes.

A reader never holds a look at the log while its caller works, or the writer could not reuse its
WAL. So each look is one short query, and what it did not see was moved to a segment before: a
segment has its name before its records leave the log, and records leave from the oldest on.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from zlib import crc32

import apsw

from Kernel.contract.errors import LedgerDamaged, LedgerError, NoLedger, what_helps
from zones.runtime.ledger_blocks import Run, Segment, SegmentName, list_segments
from zones.runtime.sqlite_damage import DAMAGED

LOG: Final = "log.sqlite3"
SEGMENTS: Final = "segments"
HEAD_BYTES: Final = 32
NO_HEAD: Final = bytes(HEAD_BYTES)
"""The head before the first record."""
APPLICATION: Final = 0x4D4C4F47
"""PRAGMA application_id of the log, "MLOG"."""
VERSION: Final = 1
"""PRAGMA user_version of the log and of segments."""
POSITION_MAX: Final = 2**62
LOG_SCHEMA: Final = """
CREATE TABLE records (position INTEGER PRIMARY KEY, head BLOB NOT NULL, record BLOB NOT NULL);
CREATE TABLE senders (
    id INTEGER PRIMARY KEY, zone TEXT NOT NULL, epoch BLOB NOT NULL, number INTEGER NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE arenas (
    id INTEGER PRIMARY KEY, arena BLOB NOT NULL, sequence INTEGER NOT NULL, offset INTEGER NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE gaps (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, why TEXT NOT NULL, lost INTEGER NOT NULL
);
CREATE TABLE cut (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, head BLOB NOT NULL, record BLOB NOT NULL
);
"""
"""`senders` and `arenas`: what is stored of whom, for dropping what is sent again. `gaps`:
positions that hold no record, because it was lost or cut. `cut`: what was cut from a torn end.
Marks are plain rows without an index, the writer knows their ids: one page less in each commit,
and a page that is carved out of a damaged file still says what they are. The chain does not cover
them, so they have a checksum: a wrong number would drop events or store them twice."""
LOOK_RECORDS: Final = 512
BUSY_MS: Final = 5000
NO_RECORD: Final = "a row is no record"


class SenderMark(NamedTuple):
    """What is stored of one life of a bus sender: all up to `number`."""

    zone: str
    epoch: bytes
    number: int

    @property
    def checksum(self) -> int:
        """Return what is stored beside it."""
        return crc32(b"%b|%b|%d" % (self.zone.encode(), self.epoch, self.number))


class ArenaMark(NamedTuple):
    """What is stored of an arena's outbox: all before entry `sequence`, which is at `offset`."""

    arena: bytes
    sequence: int
    offset: int

    @property
    def checksum(self) -> int:
        """Return what is stored beside it."""
        return crc32(b"%b|%d|%d" % self)


class Gap(NamedTuple):
    """Positions that hold no record and never will.

    Args:
        is_lost: something that was acknowledged may have been there; False: it was cut from a
            torn end and is kept in `cut`.
    """

    first: int
    last: int
    why: str
    is_lost: bool


PastDamage = Callable[[LedgerDamaged], None]
"""Is told of each damage that a reader goes past."""


class LedgerReader:
    """The ledger of one home, read-only; for any process, with an archive or without one.

    Not for use across a fork, nor by two threads at once.

    Args:
        folder: HOME/data/ledger.

    Raises:
        NoLedger: nothing was ever recorded there.
        LedgerError: it cannot be opened, or, from every method, cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._segments: dict[SegmentName, Segment] = {}
        self._connection: apsw.Connection | None = None
        self._identity = (0, 0)
        try:
            log = self._log()
        except apsw.Error as error:
            raise LedgerError(f"cannot read {folder / LOG}: {error}", "molt verify") from error
        if log is None and not list_segments(folder / SEGMENTS):
            raise NoLedger(
                f"cannot read {folder}: there is no ledger yet, a kernel makes it",
                "python manifest.py",
            )

    @property
    def newest(self) -> int:
        """Return the newest position, 0 when nothing is recorded."""
        rows = self._look("SELECT max(position) FROM records", ())
        if rows and rows[0][0] is not None:
            return int(rows[0][0])
        names = list_segments(self.folder / SEGMENTS)
        return names[-1].last if names else 0

    @property
    def oldest(self) -> int:
        """Return the oldest position, 0 when nothing is recorded."""
        rows = self._look("SELECT min(position) FROM records", ())
        names = list_segments(self.folder / SEGMENTS)
        if names:
            return names[0].first
        return int(rows[0][0] or 0) if rows else 0

    def read(
        self, first: int, last: int | None = None, past: PastDamage | None = None
    ) -> Iterator[tuple[int, bytes]]:
        """Yield positions and records from `first` on, in order; ends where nothing is left.

        The chain is not checked (`zones/ledger/verify.py` does): a record whose bytes were changed
        on the disk is yielded as it is.

        Args:
            last: None: whatever is there when the reading gets to it.
            past: called for what cannot be read at all, and the reading goes on behind it.

        Raises:
            LedgerDamaged: something cannot be read, and `past` is None.
        """
        for run in self.runs(first, last, past):
            yield from enumerate(run.records, run.first)

    def read_back(
        self, last: int | None = None, first: int = 1, past: PastDamage | None = None
    ) -> Iterator[tuple[int, bytes]]:
        """Yield positions and records from `last` (None: the newest) down to `first`."""
        for run in self.runs_back(first, POSITION_MAX if last is None else last, past):
            position = run.last
            for record in reversed(run.records):
                yield position, record
                position -= 1

    def get(self, position: int) -> bytes | None:
        """Return one record, None when the position holds none."""
        rows = self._look_at("record", position)
        if rows:
            return rows[0]
        segment = self._segment(position)
        return segment.get(position) if segment else None

    def head(self, position: int) -> bytes | None:
        """Return the head of a position, None when it holds no record."""
        rows = self._look_at("head", position)
        if rows:
            return rows[0]
        segment = self._segment(position)
        return segment.head(position) if segment else None

    def arena_mark(self, arena: bytes) -> ArenaMark | None:
        """Return how far an arena's outbox is stored, None when nothing of it is."""
        query = "SELECT arena, sequence, offset FROM arenas WHERE arena = ?"
        rows = self._look(query, (arena,))
        return ArenaMark(*rows[0]) if rows else None

    def gaps(self) -> list[Gap]:
        """Return the positions that are known to hold no record."""
        rows = self._look("SELECT first, last, why, lost FROM gaps ORDER BY first", ())
        return [Gap(first, last, why, bool(lost)) for first, last, why, lost in rows]

    def close(self) -> None:
        """Close all files."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for segment in self._segments.values():
            segment.close()
        self._segments.clear()

    def runs(
        self, first: int, last: int | None = None, past: PastDamage | None = None
    ) -> Iterator[Run]:
        """Yield the same as `read`, as runs with their heads."""
        place, last = max(first, 1), POSITION_MAX if last is None else last
        while place <= last:
            begun = place
            try:
                for run in self._runs_at(place, last):
                    yield run
                    place = run.last + 1
            except LedgerDamaged as damage:
                if past is None:
                    raise
                past(damage)
                place = max(place, damage.last) + 1
                continue
            if place == begun:
                return

    def _runs_at(self, place: int, last: int) -> Iterator[Run]:
        """Yield what one look at the log gives, or else one segment."""
        rows = self._rows(place, last, "ASC")
        if rows and rows[0][0] == place:
            yield _run(rows)
            return
        # Looked for after the log: what has left it since the last look is here by now.
        before = rows[0][0] - 1 if rows else last
        for name in list_segments(self.folder / SEGMENTS):
            if name.last >= place and name.first <= before:
                found = False
                for run in self._open(name).runs(place, before):
                    yield run
                    found = True
                if found:
                    return
        if rows:
            yield _run(rows)

    def runs_back(self, first: int, last: int, past: PastDamage | None = None) -> Iterator[Run]:
        """Yield the same from the last run to the first; within a run the order is ascending."""
        place = last
        while place >= first:
            begun = place
            try:
                for run in self._runs_before(first, place):
                    yield run
                    place = run.first - 1
            except LedgerDamaged as damage:
                if past is None:
                    raise
                past(damage)
                place = min(place, damage.position) - 1
                continue
            if place == begun:
                return

    def _runs_before(self, first: int, place: int) -> Iterator[Run]:
        rows = self._rows(first, place, "DESC")
        if rows:  # what has left the log is older than all that is in it
            yield _run_back(rows)
            return
        for name in reversed(list_segments(self.folder / SEGMENTS)):
            if name.first <= place and name.last >= first:
                found = False
                for run in self._open(name).runs_back(first, place):
                    yield run
                    found = True
                if found:
                    return

    def _rows(self, first: int, last: int, order: str) -> list[tuple[int, bytes, bytes]]:
        """Return one look at the log: rows from one end of what is wanted.

        Raises:
            LedgerDamaged: the very first of them is on a page that is malformed.
        """
        query = (
            "SELECT position, head, record FROM records WHERE position BETWEEN ? AND ? "
            f"ORDER BY position {order} LIMIT {LOOK_RECORDS}"
        )
        try:
            return self._look(query, (first, last))
        except LedgerDamaged:
            end = self._look("SELECT max(position) FROM records", ())[0][0] or 0
            if end < first:
                return []
            place = first if order == "ASC" else min(last, end)
            try:
                return self._look(
                    "SELECT position, head, record FROM records WHERE position = ?", (place,)
                )
            except LedgerDamaged as damage:
                raise LedgerDamaged(place, place, damage.why) from damage

    def _segment(self, position: int) -> Segment | None:
        names = list_segments(self.folder / SEGMENTS)
        found = next((name for name in names if name.first <= position <= name.last), None)
        return self._open(found) if found else None

    def _open(self, name: SegmentName) -> Segment:
        segment = self._segments.get(name)
        if segment is None:
            segment = self._segments[name] = Segment(self.folder / SEGMENTS, name)
        return segment

    def _look_at(self, column: str, position: int) -> list[bytes]:
        """Return one column of a position's row, nothing when the log has none."""
        try:
            rows = self._look(f"SELECT {column} FROM records WHERE position = ?", (position,))
        except LedgerDamaged as damage:
            raise LedgerDamaged(position, position, damage.why) from damage
        if rows and not isinstance(rows[0][0], bytes):
            raise LedgerDamaged(position, position, NO_RECORD)
        return [row[0] for row in rows]

    def _look(self, query: str, bindings: tuple[int | bytes, ...]) -> list[tuple[Any, ...]]:
        try:
            log = self._log()
            return [] if log is None else log.execute(query, bindings).fetchall()
        except DAMAGED as error:
            raise LedgerDamaged(1, POSITION_MAX, str(error)) from error
        except apsw.Error as error:
            raise LedgerError(f"cannot read {self.folder / LOG}: {error}") from error

    def _log(self) -> apsw.Connection | None:
        """Return a connection to the log that is there now: it may have been replaced."""
        path = self.folder / LOG
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LedgerError(
                f"cannot read {path}: {error.strerror}", what_helps(error, self.folder)
            ) from error
        identity = (status.st_dev, status.st_ino)
        if self._connection is None or identity != self._identity:
            if self._connection is not None:
                self._connection.close()
            self._connection = open_for_reading(path)
            self._identity = identity
        return self._connection


def open_for_reading(path: Path) -> apsw.Connection:
    """Open the log read-only, also where nothing may be written.

    A reader in WAL mode wants to make files beside the log; where it may not, and nobody has left
    any, the log is at rest and is read as a file that does not change.

    Raises:
        apsw.Error: it cannot be opened.
    """
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(BUSY_MS)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchall()
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        connection.close()
        wal = path.with_name(path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            raise
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return apsw.Connection(f"file:{quote(str(path.absolute()))}?immutable=1", flags)
    except apsw.Error:
        connection.close()
        raise
    return connection


def _run(rows: list[tuple[int, bytes, bytes]]) -> Run:
    """Return the rows up to the first gap, or up to one that is none of a log."""
    first = rows[0][0]
    if rows[-1][0] != first + len(rows) - 1:
        rows = [row for number, row in enumerate(rows) if row[0] == first + number]
    _, heads, records = zip(*rows, strict=True)
    if {*map(type, heads), *map(type, records)} != {bytes}:
        _, heads, records = zip(*_whole(rows), strict=True)
    return Run(first, records, b"", heads, heads[-1])


def _run_back(rows: list[tuple[int, bytes, bytes]]) -> Run:
    """Return descending rows down to the first gap, as a run in ascending order."""
    last = rows[0][0]
    rows = [row for number, row in enumerate(rows) if row[0] == last - number]
    return _run(_whole(rows)[::-1])


def _whole(rows: list[tuple[int, Any, Any]]) -> list[tuple[int, bytes, bytes]]:
    """Return the rows before the first one that is none of a log.

    Raises:
        LedgerDamaged: that is the very first.
    """
    for number, (position, head, record) in enumerate(rows):
        if not (isinstance(head, bytes) and isinstance(record, bytes)):
            if not number:
                raise LedgerDamaged(position, position, NO_RECORD)
            return rows[:number]
    return rows
