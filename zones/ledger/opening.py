"""Opening the log: what is found wrong is cut, saved or named, and told; then it is written again.

Owns: the connection and its pragmas, the order of the checks, the end of the log. Does not own: the
chain at the end (`tail.py`), carving and the fresh file (`salvage.py`), appending (`log.py`).

Three sorts of damage, told apart by what follows them. *A torn end*: nothing good comes behind it;
it goes into the table `cut`. *A changed bit in the middle*: good records follow; it is named and
left where it is, for whoever wants to read past it. *A malformed database*: SQLite gives up; it is
set aside whole and a fresh one is built of what can be read.
"""

import ctypes
import os
import time
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from Kernel.contract.errors import LedgerError
from zones.ledger import salvage
from zones.ledger.carve import Row
from zones.ledger.salvage import PAGE_BYTES, WAL, TornTail
from zones.ledger.tail import TORN, check_tail
from zones.ledger.telling import TOLD_MAX, Pulse, Tell, unwatched
from zones.ledger.writer_file import WriterFile
from zones.runtime.durable_names import sync_directory
from zones.runtime.ledger_blocks import Segment, list_segments
from zones.runtime.ledger_chain import UNPROVEN
from zones.runtime.ledger_file import (
    APPLICATION,
    LOG,
    LOG_SCHEMA,
    NO_HEAD,
    SEGMENTS,
    VERSION,
    ArenaMark,
    Gap,
    SenderMark,
)
from zones.runtime.sqlite_damage import DAMAGED

WAL_BYTES: Final = 8 * 1024 * 1024
"""The WAL is made of this size and kept: a sync of a file that does not grow costs the disk one
write, of a growing one it is two or three."""
LOCKED_MS: Final = 250
"""So long a foreign lock is waited for at a time: the loop must stay alive, and it tries again."""
GONE: Final = "their segments are not in data/ledger/segments"
_ZEROS_BYTES: Final = 1024 * 1024


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


def open_log(
    folder: Path, writer: WriterFile, tell: Tell, malformed: str = "", pulse: Pulse = unwatched
) -> apsw.Connection:
    """Open the log for writing, and mend what can be mended.

    Args:
        malformed: why SQLite is known to give up on it, for who has seen that; "" nobody has.
        pulse: called every few ms: mending a large log takes longer than a heartbeat may.

    Raises:
        OSError, apsw.Error: the disk refuses.
        LedgerError: it is not of a form this build knows.
    """
    began_s = time.monotonic()
    is_fresh = salvage.finish(folder)
    why = "" if is_fresh else _why_end_is_doubtful(folder, writer)
    behind = salvage.look_behind(folder, pulse)
    try:
        if malformed:
            raise apsw.CorruptError(malformed)
        connection = connect(folder / LOG)
        _check_small_tables(connection)
        _take_behind(folder, connection, behind, _given(writer), tell)
        verified = check_tail(connection, _given(writer), tell, pulse)
    except DAMAGED as error:
        _salvage(folder, _given(writer), f"log.sqlite3 was malformed: {error}", tell, pulse)
        connection = connect(folder / LOG)
        verified = check_tail(connection, _given(writer), tell, pulse)
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


def find_missing(folder: Path, connection: apsw.Connection, newest: int) -> list[Gap]:
    """Return the positions before the log's oldest record that neither segment nor gap has.

    They are told and not noted as gaps: a segment that is put back is read again.
    """
    oldest: int | None = connection.execute("SELECT min(position) FROM records").get
    end = newest + 1 if oldest is None else oldest
    gaps = (Gap(*row) for row in connection.execute("SELECT * FROM gaps"))
    known = [(gap.first, gap.last) for gap in gaps]
    known += [(name.first, name.last) for name in list_segments(folder / SEGMENTS)]
    missing: list[Gap] = []
    place = 1
    for first, last in [*sorted(known), (end, end)]:
        if place < min(first, end):
            missing.append(Gap(place, min(first, end) - 1, GONE, True))
        place = max(place, last + 1)
    return missing


def connect(path: Path) -> apsw.Connection:
    """Open the database, made when it is empty, with every commit synced.

    Raises:
        apsw.Error: it cannot be opened, or is no log.
        LedgerError: it was made by a newer version.
    """
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(LOCKED_MS)
        # The WAL stays when the last one closes it: readers need it, and it has its size.
        persist = ctypes.c_int(1)
        control = ctypes.addressof(persist)
        connection.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, control)
        connection.pragma("page_size", PAGE_BYTES)
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        connection.wal_autocheckpoint(0)
        # A reader that stays makes the WAL grow; when it has gone, the WAL has its size again.
        connection.pragma("journal_size_limit", WAL_BYTES)
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


def _check_small_tables(connection: apsw.Connection) -> None:
    """Look at what the chain does not cover."""
    for table in ("senders", "arenas", "gaps"):
        said = connection.execute(f"PRAGMA quick_check({table})").get
        if said != "ok":
            raise apsw.CorruptError(f"table {table}: {said}")
    load_marks(connection)


def _take_behind(
    folder: Path, connection: apsw.Connection, behind: TornTail, given: int, tell: Tell
) -> None:
    """Store what SQLite forgot of a damaged WAL, and set aside what was torn.

    Of what was torn nobody can say how many records it had: so many positions are left out.
    """
    end = find_end(folder, connection)
    rows = _continuing(behind.rows, end)
    torn = [row for row in _continuing(behind.torn, End(0, b"", 1)) if row.position > end.newest]
    if rows and _contradict(connection, behind.rows, end.newest):
        rows = []
    torn = [row for row in torn if row.position > (rows[-1].position if rows else end.newest)]
    last = rows[-1].position if rows else end.newest
    cut_to = min(last + behind.torn_max, given)
    if not rows and cut_to <= last:
        return
    aside = salvage.keep_wal(folder) if rows else None
    holes: list[Gap] = []
    with connection:
        before = end.newest
        for row in rows:
            if row.position > before + 1:
                gap = Gap(before + 1, row.position - 1, salvage.LOST, True)
                connection.execute("REPLACE INTO gaps VALUES (?, ?, ?, ?)", gap)
                holes.append(gap)
            connection.execute("INSERT INTO records VALUES (?, ?, ?)", row)
            before = row.position
        if rows:
            _put_marks(connection, behind.marks)
        query = "INSERT INTO cut (position, head, record) VALUES (?, ?, ?)"
        connection.executemany(query, torn)
        if cut_to > last:
            gap = Gap(last + 1, cut_to, TORN, False)
            connection.execute("REPLACE INTO gaps VALUES (?, ?, ?, ?)", gap)
    if rows:
        why = "a bit of log.sqlite3-wal was changed: SQLite would have forgotten all behind it"
        lost = sum(hole.last - hole.first + 1 for hole in holes)
        tell("archive.salvaged", kept=len(rows), lost=lost, aside=str(aside), why=why)
        for hole in holes[:TOLD_MAX]:
            tell("archive.gap", first=hole.first, last=hole.last, why=hole.why)
            tell("archive.damaged", position=hole.last + 1, why=UNPROVEN)
    if cut_to > last:
        why = f"{TORN}: the last transaction in log.sqlite3-wal is not whole"
        tell("archive.tail_cut", first=last + 1, last=cut_to, why=why)
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
    """Return whether carved rows tell another story than the log: that of an append that failed.

    One that differs and is followed by a record that fits it is of another story; one that nothing
    fits is a changed bit.
    """
    versions: dict[int, list[Row]] = {}
    for row in rows:
        versions.setdefault(row.position, []).append(row)
    query = "SELECT head FROM records WHERE position = ?"
    for row in rows:
        if row.position <= newest:
            known = connection.execute(query, (row.position,)).get
            after = versions.get(row.position + 1, [])
            if known not in (None, row.head) and any(
                salvage.fits(row.head, each) for each in after
            ):
                return True
    return False


def _put_marks(connection: apsw.Connection, marks: salvage.Marks) -> None:
    """Store marks, unless newer ones are."""
    for mark in load_marks(connection).values():
        marks.add(mark)
    connection.execute("DELETE FROM senders; DELETE FROM arenas")
    salvage.put_marks(connection, marks)


def load_marks(connection: apsw.Connection) -> dict[int, SenderMark | ArenaMark]:
    """Return all marks by their row; ids of both tables are one series.

    Raises:
        apsw.CorruptError: one of them is not what was stored.
    """
    marks: dict[int, SenderMark | ArenaMark] = {}
    for sort, table in ((SenderMark, "senders"), (ArenaMark, "arenas")):
        for row, *values, checksum in connection.execute(f"SELECT * FROM {table} ORDER BY id"):
            try:
                mark = sort(*values)
                is_whole = mark.checksum == checksum
            except (TypeError, ValueError, AttributeError):
                is_whole = False
            if not is_whole:
                raise apsw.CorruptError(f"row {row} of {table} is not what was stored")
            marks[row] = mark
    return marks


def _salvage(folder: Path, given: int, why: str, tell: Tell, pulse: Pulse) -> None:
    saved = salvage.salvage(folder, given, pulse)
    tell("archive.salvaged", kept=saved.kept, lost=saved.lost_count, aside=saved.aside, why=why)
    for gap in saved.lost[:TOLD_MAX]:
        tell("archive.gap", first=gap.first, last=gap.last, why=gap.why)
    for position, fault in list(saved.bad.items())[:TOLD_MAX]:
        tell("archive.damaged", position=position, why=fault)


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
