"""Opening the log: what is found wrong is cut, saved or named, and told; then it is written again.

Owns: the connection and its pragmas, the order of the checks, the end of the log. Does not own:
carving and the fresh file (`salvage.py`), appending (`log.py`).

Three sorts of damage, told apart by what follows them. *A torn end*: nothing good comes behind it;
it goes into the table `cut`. *A changed bit in the middle*: good records follow; it is named and
left where it is, for whoever wants to read past it. *A malformed database*: SQLite gives up; it is
set aside whole and a fresh one is built of what can be read.
"""

import ctypes
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import apsw

from Kernel.contract.errors import LedgerError
from zones.ledger import salvage
from zones.ledger.carve import Row
from zones.ledger.salvage import PAGE_BYTES, WAL, TornTail
from zones.ledger.writer_file import WriterFile
from zones.runtime.durable_names import sync_directory
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
    Gap,
    SenderMark,
)

TAIL_RECORDS: Final = 10_000
TAIL_BYTES: Final = 8 * 1024 * 1024
"""So much of the end is checked when the log is opened; `molt verify` checks all."""
WAL_BYTES: Final = 8 * 1024 * 1024
"""The WAL is made of this size and kept: a sync of a file that does not grow costs the disk one
write, of a growing one it is two or three."""
TOLD_MAX: Final = 20
"""Of one sort of event; the rest is in `molt verify`."""
TORN: Final = "the end of the log was torn"
UNFIT: Final = "the record does not fit its head"
_ZEROS_BYTES: Final = 1024 * 1024


class Tell(Protocol):
    """Takes an event about the log itself; the archive appends it."""

    def __call__(self, kind: str, **payload: Any) -> None:
        """Take one event of a kind of `archive.*`."""


class End(NamedTuple):
    """Where a log ends.

    Args:
        newest: position of the newest record, 0 when there is none.
        head: its head.
        next: the position to be given next.
    """

    newest: int
    head: bytes
    next: int


def open_log(folder: Path, writer: WriterFile, tell: Tell, malformed: str = "") -> apsw.Connection:
    """Open the log for writing, and mend what can be mended.

    Args:
        malformed: why SQLite is known to give up on it, for who has seen that; "" nobody has.

    Raises:
        OSError, apsw.Error: the disk refuses.
        LedgerError: it is not of a form this build knows.
    """
    began_s = time.monotonic()
    is_fresh = salvage.finish(folder)
    why = "" if is_fresh else _why_end_is_doubtful(folder, writer)
    behind = salvage.look_behind(folder)
    try:
        if malformed:
            raise apsw.CorruptError(malformed)
        connection = connect(folder / LOG)
        _take_behind(folder, connection, behind, tell)
        verified = check_tail(connection, tell)
    except (apsw.CorruptError, apsw.NotADBError) as error:
        _salvage(folder, _given(writer), f"log.sqlite3 was malformed: {error}", tell)
        connection = connect(folder / LOG)
        verified = check_tail(connection, tell)
    _note_lost_end(folder, connection, writer, why, tell)
    _make_wal(folder / WAL)
    sync_directory(folder)
    tell(
        "archive.opened",
        newest=find_end(folder, connection).newest,
        verified=verified,
        seconds=round(time.monotonic() - began_s, 3),
        sqlite=apsw.sqlite_lib_version(),
    )
    return connection


def find_end(folder: Path, connection: apsw.Connection) -> End:
    """Return where the log ends."""
    row = connection.execute(
        "SELECT position, head FROM records ORDER BY position DESC LIMIT 1"
    ).fetchone()
    newest, head = row or (0, NO_HEAD)
    names = list_segments(folder / SEGMENTS)
    if names and newest <= names[-1].last:
        segment = Segment(folder / SEGMENTS, names[-1])
        newest, head = names[-1].last, segment.head(names[-1].last) or NO_HEAD
        segment.close()
    behind = connection.execute("SELECT max(last) FROM gaps").get or 0
    return End(newest, head, max(newest, behind) + 1)


def connect(path: Path) -> apsw.Connection:
    """Open the database, made when it is empty, with every commit synced.

    Raises:
        apsw.Error: it cannot be opened, or is no log.
        LedgerError: it was made by a newer version.
    """
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(BUSY_MS)
        # The WAL stays when the last one closes it: readers need it, and it has its size.
        persist = ctypes.c_int(1)
        control = ctypes.addressof(persist)
        connection.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, control)
        connection.pragma("page_size", PAGE_BYTES)
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        connection.wal_autocheckpoint(0)
        _check_form(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_form(connection: apsw.Connection, path: Path) -> None:
    tables = connection.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").get
    version = connection.pragma("user_version")
    if not tables and not version:
        connection.execute(
            f"BEGIN IMMEDIATE; {LOG_SCHEMA} PRAGMA application_id = {APPLICATION}; "
            f"PRAGMA user_version = {VERSION}; COMMIT"
        )
        return
    if connection.pragma("application_id") != APPLICATION or tables != LOG_SCHEMA.count("CREATE"):
        raise apsw.NotADBError("it is no log of molt")
    if version != VERSION:
        raise LedgerError(
            f"cannot use {path}: its form is version {version}, this build knows {VERSION}",
            "molt help update",
        )


def check_tail(connection: apsw.Connection, tell: Tell) -> int:
    """Check the chain at the end of the log; cuts a torn end and names what is bad before it.

    Returns:
        How many records were checked.
    """
    bad, checked = _find_unfit(connection)
    end = connection.execute("SELECT max(position) FROM records").get
    first = end
    while first in bad:
        first -= 1
    if end is not None and first < end:
        cut_tail(connection, first + 1, end)
        tell("archive.tail_cut", first=first + 1, last=end, why=f"{TORN}: {UNFIT}")
    for position in sorted(position for position in bad if position <= first)[:TOLD_MAX]:
        tell("archive.damaged", position=position, why=UNFIT)
    return checked


def _find_unfit(connection: apsw.Connection) -> tuple[set[int], int]:
    bad: set[int] = set()
    checked = size = 0
    after: tuple[int, bytes, bytes] | None = None
    cuts = [Gap(*row) for row in connection.execute("SELECT * FROM gaps WHERE NOT lost")]
    for row in connection.execute("SELECT * FROM records ORDER BY position DESC"):
        position, head, record = row
        if after is not None:
            joined = after[0] == position + 1 or any(
                gap.first == position + 1 and gap.last == after[0] - 1 for gap in cuts
            )
            if joined and sha256(head + after[2]).digest() != after[1]:
                bad.add(after[0])
            checked += 1
        after = row
        size += len(record)
        if checked >= TAIL_RECORDS or size >= TAIL_BYTES:
            return bad, checked
    if after is not None and after[0] == 1:
        checked += 1
        if sha256(NO_HEAD + after[2]).digest() != after[1]:
            bad.add(1)
    return bad, checked


def cut_tail(connection: apsw.Connection, first: int, last: int) -> None:
    """Move the rows of a torn end into the table `cut`; their positions are not given again."""
    with connection:
        connection.execute(
            "INSERT INTO cut (position, head, record) "
            "SELECT position, head, record FROM records WHERE position BETWEEN ?1 AND ?2",
            (first, last),
        )
        connection.execute("DELETE FROM records WHERE position BETWEEN ? AND ?", (first, last))
        connection.execute("REPLACE INTO gaps VALUES (?, ?, ?, 0)", (first, last, TORN))


def _take_behind(folder: Path, connection: apsw.Connection, behind: TornTail, tell: Tell) -> None:
    """Store what SQLite forgot of a damaged WAL, and what was torn."""
    end = find_end(folder, connection)
    rows = _continuing(behind.rows, end)
    torn = [row for row in _continuing(behind.torn, End(0, b"", 1)) if row.position > end.newest]
    if rows and _contradict(connection, behind.rows, end.newest):
        rows = []
    torn = [row for row in torn if row.position > (rows[-1].position if rows else end.newest)]
    if not rows and not torn:
        return
    aside = salvage.keep_wal(folder)
    lost = 0
    with connection:
        last = end.newest
        for row in rows:
            if row.position > last + 1:
                gap = Gap(last + 1, row.position - 1, salvage.LOST, True)
                connection.execute("REPLACE INTO gaps VALUES (?, ?, ?, ?)", gap)
                lost += row.position - last - 1
            connection.execute("INSERT INTO records VALUES (?, ?, ?)", row)
            last = row.position
        if rows:
            _put_marks(connection, behind.marks)
        if torn:
            connection.executemany(
                "INSERT INTO cut (position, head, record) VALUES (?, ?, ?)", torn
            )
            gap = Gap(last + 1, max(last + 1, torn[-1].position), TORN, False)
            connection.execute("REPLACE INTO gaps VALUES (?, ?, ?, ?)", gap)
    if rows:
        why = "a bit of log.sqlite3-wal was changed: SQLite would have forgotten all behind it"
        tell("archive.salvaged", kept=len(rows), lost=lost, aside=str(aside), why=why)
    if torn:
        why = f"{TORN}: the last transaction in log.sqlite3-wal is not whole"
        tell("archive.tail_cut", first=last + 1, last=gap.last, why=why)
    # A new age: what lies behind the end of this one is not found again.
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)


def _continuing(rows: list[Row], end: End) -> list[Row]:
    """Return the carved rows behind the end, one for each position, in order."""
    versions: dict[int, list[Row]] = {}
    for row in rows:
        if row.position > end.newest:
            versions.setdefault(row.position, []).append(row)
    chosen: list[Row] = []
    head, last = end.head, end.newest
    for position in sorted(versions):
        known = head if position == last + 1 else b""
        row = salvage.choose(versions[position], known, versions.get(position + 1, []))
        chosen.append(row)
        head, last = row.head, position
    return chosen


def _contradict(connection: apsw.Connection, rows: list[Row], newest: int) -> bool:
    """Return whether carved rows say otherwise than the log: they are of an append that failed."""
    for row in rows:
        if row.position <= newest:
            known = connection.execute(
                "SELECT head FROM records WHERE position = ?", (row.position,)
            ).get
            if known is not None and known != row.head:
                return True
    return False


def _put_marks(connection: apsw.Connection, marks: salvage.Marks) -> None:
    """Store marks, unless newer ones are."""
    known = salvage.Marks()
    for row in connection.execute("SELECT zone, epoch, number FROM senders"):
        known.add(SenderMark(*row))
    for row in connection.execute("SELECT arena, sequence, offset FROM arenas"):
        known.add(ArenaMark(*row))
    for mark in marks.all():
        known.add(mark)
    connection.execute("DELETE FROM senders; DELETE FROM arenas")
    for mark in known.all():
        if isinstance(mark, SenderMark):
            connection.execute("INSERT INTO senders VALUES (NULL, ?, ?, ?)", mark)
        else:
            connection.execute("INSERT INTO arenas VALUES (NULL, ?, ?, ?)", mark)


def _salvage(folder: Path, given: int, why: str, tell: Tell) -> None:
    saved = salvage.salvage(folder, given)
    tell("archive.salvaged", kept=saved.kept, lost=saved.lost_count, aside=saved.aside, why=why)
    for gap in saved.lost[:TOLD_MAX]:
        tell("archive.gap", first=gap.first, last=gap.last, why=gap.why)
    for position in saved.bad[:TOLD_MAX]:
        tell("archive.damaged", position=position, why=UNFIT)


def _given(writer: WriterFile) -> int:
    """Return up to which position some may have been given."""
    return writer.reserved if writer.closed is None else writer.closed


def _why_end_is_doubtful(folder: Path, writer: WriterFile) -> str:
    """Return why acknowledged records may be gone from the end without a trace, or ""."""
    if not (folder / LOG).exists():
        return "log.sqlite3 was gone" if writer.reserved or writer.closed else ""
    try:
        size = (folder / WAL).stat().st_size
    except FileNotFoundError:
        size = 0
    if size < WAL_BYTES and writer.closed is None and writer.reserved:
        return "log.sqlite3-wal was cut short" if size else "log.sqlite3-wal was gone"
    return ""


def _note_lost_end(
    folder: Path, connection: apsw.Connection, writer: WriterFile, why: str, tell: Tell
) -> None:
    """Give up positions behind the end that may have been given, when there is reason to."""
    end = find_end(folder, connection)
    last = _given(writer)
    if writer.closed is not None and end.next <= last:
        why = why or "log.sqlite3 ends before the position its writer left it with"
    if not why or end.next > last:
        return
    gap = Gap(end.next, last, f"{why}: {salvage.BEHIND}", True)
    connection.execute("REPLACE INTO gaps VALUES (?, ?, ?, ?)", gap)
    tell("archive.gap", first=gap.first, last=gap.last, why=gap.why)


def _make_wal(path: Path) -> None:
    """Give the WAL its size: zeros behind what it holds are no frames to SQLite.

    Not before the log is there: SQLite deletes a WAL that it finds beside an empty database.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        lacking = WAL_BYTES - os.fstat(descriptor).st_size
        while lacking > 0:
            lacking -= os.write(descriptor, bytes(min(lacking, _ZEROS_BYTES)))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
