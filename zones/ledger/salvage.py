"""What is saved of a log that SQLite calls malformed, and of a WAL that it would forget.

Owns: setting the files aside whole, which carved rows are believed, the fresh file. Does not own:
carving (`carve.py`), when it is done (`opening.py`).

Nothing is deleted: the damaged files stay in `aside/`. The fresh log is built under a name of its
own, synced, and takes its place by renames that a kill may interrupt anywhere.
"""

import mmap
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from zones.ledger.carve import Bytes, Pages, Row, carve
from zones.ledger.telling import STEP_ROWS, Pulse, unwatched
from zones.ledger.wal_file import look_into_wal
from zones.runtime.durable_names import sync_directory
from zones.runtime.ledger_blocks import list_segments
from zones.runtime.ledger_chain import UNFIT, UNPROVEN
from zones.runtime.ledger_file import (
    APPLICATION,
    LOG,
    LOG_SCHEMA,
    SEGMENTS,
    VERSION,
    ArenaMark,
    Gap,
    SenderMark,
)

PAGE_BYTES: Final = 4096
ROWS_A_PAGE_MAX: Final = PAGE_BYTES // 40
"""A row is its head of 32 bytes and 8 bytes more, at least."""
PAGES_KEPT: Final = 16
ASIDE: Final = "aside"
WAL: Final = LOG + "-wal"
SHM: Final = LOG + "-shm"
_DRAFT: Final = ".log.sqlite3.tmp"
_FRESH: Final = ".log.sqlite3.fresh"
LOST: Final = "the log was damaged and nothing of these could be read"
BEHIND: Final = "what was stored behind, if anything, is lost"


@dataclass(slots=True)
class Marks:
    """What is stored of whom, the newest of each."""

    senders: dict[tuple[str, bytes], int] = field(default_factory=dict)
    arenas: dict[bytes, ArenaMark] = field(default_factory=dict)

    def add(self, mark: SenderMark | ArenaMark) -> None:
        """Take a mark, unless a newer one is known."""
        if isinstance(mark, SenderMark):
            key = (mark.zone, mark.epoch)
            self.senders[key] = max(mark.number, self.senders.get(key, 0))
        else:
            known = self.arenas.get(mark.arena)
            if known is None or known.sequence < mark.sequence:
                self.arenas[mark.arena] = mark

    def all(self) -> list[SenderMark | ArenaMark]:
        """Return them."""
        senders = [SenderMark(*key, number) for key, number in self.senders.items()]
        return [*senders, *self.arenas.values()]


class Saved(NamedTuple):
    """What a salvage came to.

    Args:
        kept: rows in the fresh log.
        lost_count: positions before the last of them that could not be read.
        lost: these, and those behind the last one that may have been given, as ranges.
        bad: positions whose record could be read, and why it is not known to be good.
        aside: where the damaged files are.
    """

    kept: int
    lost_count: int
    lost: list[Gap]
    bad: dict[int, str]
    aside: str


def salvage(folder: Path, given: int, pulse: Pulse = unwatched) -> Saved:
    """Set the log aside and build a fresh one of everything that can be read.

    Args:
        given: no position above it was ever given.
        pulse: called every few ms.

    Raises:
        OSError, apsw.Error: the disk refused; the damaged log is where it was.
    """
    aside = _set_aside(folder)
    database, wal = _map(aside / LOG), _map(aside / WAL)
    frames = look_into_wal(wal, PAGE_BYTES)
    pages = Pages(database, wal, frames)
    last = len(pages.images) - len(frames.frames) + frames.whole
    names = list_segments(folder / SEGMENTS)
    moved = names[-1].last if names else 0
    found = _Found(pages, last, moved, given, pulse)
    draft = folder / _DRAFT
    draft.unlink(missing_ok=True)
    saved = _build(draft, found, moved, given, pulse)
    draft.rename(folder / _FRESH)
    sync_directory(folder)
    finish(folder)
    return saved._replace(aside=str(aside))


def finish(folder: Path) -> bool:
    """Put a fresh log that is ready in its place; returns whether there was one.

    The old WAL goes first: beside the fresh log SQLite would take it for the fresh log's own.
    """
    fresh = folder / _FRESH
    if not fresh.exists():
        return False
    for name in (WAL, SHM):
        (folder / name).unlink(missing_ok=True)
    sync_directory(folder)
    fresh.rename(folder / LOG)
    sync_directory(folder)
    return True


def rescue(folder: Path, connection: apsw.Connection, pulse: Pulse = unwatched) -> Path:
    """Write the log back that somebody deleted or replaced, from the file that is still open.

    Returns:
        Where what took its place was set aside.

    Raises:
        OSError, apsw.Error: the disk refused.
    """
    aside = _set_aside(folder)
    draft = folder / _DRAFT
    draft.unlink(missing_ok=True)
    copy = apsw.Connection(str(draft))
    with copy.backup("main", connection, "main") as backup:
        while not backup.done:
            backup.step(STEP_ROWS)
            pulse()
    copy.close()
    _sync(draft)
    draft.rename(folder / _FRESH)
    sync_directory(folder)
    return aside


def keep_wal(folder: Path) -> Path:
    """Copy the WAL aside, as it is."""
    aside = _aside_folder(folder)
    shutil.copyfile(folder / WAL, aside / WAL)
    _sync(aside / WAL)
    sync_directory(aside)
    return aside


class TornTail(NamedTuple):
    """What SQLite would forget of a WAL.

    Args:
        rows: of transactions that were finished, for sure.
        marks: of the same.
        torn: rows of a last transaction that is not whole.
        torn_max: how many rows that may have had, at most; 0: there is none.
    """

    rows: list[Row]
    marks: Marks
    torn: list[Row]
    torn_max: int


def look_behind(folder: Path, pulse: Pulse = unwatched) -> TornTail:
    """Carve what is in the WAL behind the place where SQLite stops reading; before it opens it.

    Raises:
        OSError: the disk refused.
    """
    tail = TornTail([], Marks(), [], 0)
    wal = _map(folder / WAL)
    frames = look_into_wal(wal, PAGE_BYTES)
    if frames.sound == len(frames.frames):
        return tail
    pages = Pages(_map(folder / LOG), wal, frames)
    for number in range(frames.sound, len(frames.frames)):
        if number % STEP_ROWS == 0:
            pulse()
        for row in carve(pages, pages.first_frame + number):
            if isinstance(row, Row):
                (tail.rows if number < frames.whole else tail.torn).append(row)
            elif number < frames.whole and not isinstance(row, Gap):
                tail.marks.add(row)
    return tail._replace(torn_max=(len(frames.frames) - frames.whole) * ROWS_A_PAGE_MAX)


def fits(head: bytes, row: Row) -> bool:
    """Return whether a row is the next one after a head."""
    return sha256(head + row.record).digest() == row.head


def choose(versions: list[Row], head: bytes, after: list[Row]) -> Row:
    """Return the version of a row that is believed: the chain knows it, else the newest.

    Args:
        versions: oldest first.
        head: of the row before, b"" when that is not known.
        after: versions of the next row.
    """
    for row in reversed(versions):
        if head and fits(head, row):
            return row
    for row in reversed(versions):
        if any(fits(row.head, following) for following in after):
            return row
    return versions[-1]


class _Found:
    """All rows that can be carved, by position; read again from their pages when asked for."""

    def __init__(self, pages: Pages, last: int, moved: int, given: int, pulse: Pulse) -> None:
        self.marks = Marks()
        self.gaps: dict[int, Gap] = {}
        self._pages = pages
        self._images: dict[int, tuple[int, ...]] = {}
        self._read: dict[int, list[Row]] = {}
        for index in range(last):
            if index % STEP_ROWS == 0:
                pulse()
            for row in carve(pages, index):
                if isinstance(row, Gap):
                    self.gaps[row.first] = row
                elif not isinstance(row, Row):
                    self.marks.add(row)
                elif moved < row.position <= given:
                    known = self._images.get(row.position, ())
                    self._images[row.position] = (*known, index)

    def positions(self) -> list[int]:
        """Return the positions that were found, in order, without those known to be gaps."""
        positions = sorted(self._images)
        for gap in self.gaps.values():
            positions = [p for p in positions if not gap.first <= p <= gap.last]
        return positions

    def versions(self, position: int) -> list[Row]:
        """Return the different rows that were found at a position, oldest first."""
        images = self._images.get(position, ())
        rows = (row for index in images for row in self._rows(index) if row.position == position)
        return list(dict.fromkeys(rows))

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are believed, in order."""
        head, last = b"", 0
        for position in self.positions():
            versions = self.versions(position)
            after = self.versions(position + 1) if len(versions) > 1 else []
            row = choose(versions, head if position == last + 1 else b"", after)
            yield row
            head, last = row.head, position

    def _rows(self, index: int) -> list[Row]:
        if index not in self._read:
            if len(self._read) >= PAGES_KEPT:
                self._read.clear()
            found = carve(self._pages, index)
            self._read[index] = [row for row in found if isinstance(row, Row)]
        return self._read[index]


def _build(draft: Path, found: _Found, moved: int, given: int, pulse: Pulse) -> Saved:
    connection = apsw.Connection(str(draft))
    connection.pragma("page_size", PAGE_BYTES)
    connection.pragma("journal_mode", "OFF")
    connection.execute(
        f"BEGIN; {LOG_SCHEMA} PRAGMA application_id = {APPLICATION}; "
        f"PRAGMA user_version = {VERSION}"
    )
    lost: list[Gap] = []
    bad: dict[int, str] = {}
    kept, last, head = 0, moved, b""
    for row in found.rows():
        if row.position > last + 1:
            holes = [*_lost_between(last + 1, row.position - 1, found.gaps)]
            lost += holes
            if holes and not (head and fits(head, row)):
                bad[row.position] = UNPROVEN
        elif head and not fits(head, row):
            bad[row.position] = UNFIT
        connection.execute("INSERT INTO records VALUES (?, ?, ?)", row)
        kept, last, head = kept + 1, row.position, row.head
        if kept % STEP_ROWS == 0:
            pulse()
    lost_count = sum(gap.last - gap.first + 1 for gap in lost)
    lost += (
        gap._replace(why=f"the log was malformed: {BEHIND}")
        for gap in _lost_between(last + 1, given, found.gaps)
    )
    gaps = {gap.first: gap for gap in (*lost, *found.gaps.values())}
    connection.executemany("INSERT INTO gaps VALUES (?, ?, ?, ?)", [*gaps.values()])
    put_marks(connection, found.marks)
    connection.execute("COMMIT")
    connection.close()
    _sync(draft)
    return Saved(kept, lost_count, lost, bad, "")


def put_marks(connection: apsw.Connection, marks: Marks) -> None:
    """Store marks into tables that are empty."""
    for number, mark in enumerate(marks.all(), 1):
        table = "senders" if isinstance(mark, SenderMark) else "arenas"
        row = (number, *mark, mark.checksum)
        connection.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", row)


def _lost_between(first: int, last: int, gaps: dict[int, Gap]) -> Iterator[Gap]:
    """Yield the parts of a range that no known gap covers."""
    place = first
    for gap in sorted(gaps.values()):
        if gap.first > last or gap.last < place:
            continue
        if gap.first > place:
            yield Gap(place, gap.first - 1, LOST, True)
        place = gap.last + 1
    if place <= last:
        yield Gap(place, last, LOST, True)


def _set_aside(folder: Path) -> Path:
    """Give the damaged files a second name in a folder of their own."""
    aside = _aside_folder(folder)
    for name in (LOG, WAL):
        if (folder / name).exists():
            try:
                os.link(folder / name, aside / name)
            except OSError:
                shutil.copyfile(folder / name, aside / name)
    sync_directory(aside)
    return aside


def _aside_folder(folder: Path) -> Path:
    """Make a folder for what is set aside."""
    number = 1
    while (aside := folder / ASIDE / f"log-{number}").exists():
        number += 1
    aside.mkdir(mode=0o700, parents=True)
    sync_directory(folder / ASIDE)
    return aside


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _map(path: Path) -> Bytes:
    """Return a file's bytes without reading it all, b"" when it is missing or empty."""
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (FileNotFoundError, ValueError):
        return b""
