"""Moving the oldest part of the log into a segment, a small step at a time.

Owns: the steps and their order, the draft of a segment. Does not own: the form of a segment
(`zones/runtime/ledger_blocks.py`), when a step is taken (`log.py`).

    gather   blocks of records go into a draft, a few to a sync
    compare  the draft is read back from the disk and held against the log, block by block
    publish  the draft gets its name: from now on readers find these records twice and use the log
    delete   the records leave the log, oldest first

A kill between any two steps leaves a draft, which the next writer deletes, or records that are in
both, which it goes on deleting. A record is never in neither. Model: `restic`, write once under a
temporary name, verify, rename.
"""

import os
from collections.abc import Callable, Iterator
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from Kernel.contract.errors import LedgerError
from zones.ledger.telling import Tell
from zones.runtime.durable_names import sync_directory
from zones.runtime.ledger_blocks import (
    BLOCK_RAW_BYTES,
    BLOCK_RECORDS_MAX,
    SEGMENT_APPLICATION,
    SEGMENT_SCHEMA,
    SegmentName,
    list_segments,
    open_segment,
    pack_block,
    unpack_block,
)
from zones.runtime.ledger_file import NO_HEAD, SEGMENTS, VERSION

DELETED_A_STEP: Final = 1000
"""Records that leave the log in one transaction: about 90 pages in the WAL."""
SYNCED_BYTES: Final = 4 * BLOCK_RAW_BYTES
"""The draft is synced in so small parts that no append waits long for one."""
_DRAFT: Final = ".draft.tmp"


class Block(NamedTuple):
    """Records without a gap, as they go into one block."""

    first: int
    before: bytes
    head: bytes
    records: list[bytes]

    @property
    def last(self) -> int:
        """Return the position of the last one."""
        return self.first + len(self.records) - 1


class _Phase(Enum):
    IDLE = "idle"
    GATHER = "gather"
    COMPARE = "compare"
    PUBLISH = "publish"
    DELETE = "delete"


class SegmentMover:
    """The steps by which records leave the log.

    Args:
        folder: of the ledger.
        connection: of the one writer.
        log_bytes_max: size of the log from which a segment is made of its oldest part.
        segment_bytes: size of the records of one segment, uncompressed.
        tell: is told of each segment that is closed.
    """

    def __init__(
        self,
        folder: Path,
        connection: apsw.Connection,
        log_bytes_max: int,
        segment_bytes: int,
        tell: Tell,
    ) -> None:
        self._folder = folder / SEGMENTS
        self._connection = connection
        self._log_bytes_max = log_bytes_max
        self._segment_bytes = segment_bytes
        self._tell = tell
        self._draft: apsw.Connection | None = None
        self._phase = _Phase.DELETE  # what a writer before may have left
        self._first = self._place = self._bytes = 0
        self._head = NO_HEAD
        (self._folder / _DRAFT).unlink(missing_ok=True)

    def step(self) -> bool:
        """Take one step; returns whether there is another one to take.

        Raises:
            OSError, apsw.Error, LedgerError: it could not be taken; what was gathered is dropped,
                the log is as it was.
        """
        steps: dict[_Phase, Callable[[], _Phase]] = {
            _Phase.IDLE: self._begin,
            _Phase.GATHER: self._gather,
            _Phase.COMPARE: self._compare,
            _Phase.PUBLISH: self._publish,
            _Phase.DELETE: self._delete,
        }
        try:
            self._phase = steps[self._phase]()
        except BaseException:
            self.drop()
            raise
        return self._phase is not _Phase.IDLE

    def drop(self) -> None:
        """Forget what was gathered and not published."""
        self._close_draft()
        (self._folder / _DRAFT).unlink(missing_ok=True)
        self._phase = _Phase.DELETE

    def _begin(self) -> _Phase:
        pages = self._connection.pragma("page_count") - self._connection.pragma("freelist_count")
        if pages * self._connection.pragma("page_size") <= self._log_bytes_max:
            return _Phase.IDLE
        # In one query of both SQLite would read the whole table.
        oldest = self._connection.execute("SELECT min(position) FROM records").get
        if oldest == self._connection.execute("SELECT max(position) FROM records").get:
            return _Phase.IDLE  # the newest record always stays
        names = list_segments(self._folder)
        self._head = _last_head(self._folder, names[-1]) if names else NO_HEAD
        self._first = self._place = names[-1].last + 1 if names else 1
        self._bytes = 0
        self._folder.mkdir(mode=0o700, exist_ok=True)
        draft = self._draft = apsw.Connection(str(self._folder / _DRAFT))
        draft.pragma("journal_mode", "OFF")
        draft.pragma("synchronous", "FULL")
        draft.execute(
            f"{SEGMENT_SCHEMA} PRAGMA application_id = {SEGMENT_APPLICATION}; "
            f"PRAGMA user_version = {VERSION}; BEGIN"
        )
        return _Phase.GATHER

    def _gather(self) -> _Phase:
        assert self._draft is not None
        newest = self._connection.execute("SELECT max(position) FROM records").get
        block = next(_blocks(self._connection, self._place, newest - 1, self._head), None)
        if block is None or self._bytes >= self._segment_bytes:
            self._draft.execute("COMMIT")
            self._close_draft()
            self._draft = self._open_draft()
            self._place = self._first
            return _Phase.COMPARE
        self._draft.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?, ?)",
            (block.first, block.last, block.before, block.head, pack_block(block.records)),
        )
        before, self._bytes = self._bytes, self._bytes + sum(map(len, block.records))
        if before // SYNCED_BYTES != self._bytes // SYNCED_BYTES:
            self._draft.execute("COMMIT; BEGIN")
        self._place, self._head = block.last + 1, block.head
        return _Phase.GATHER

    def _compare(self) -> _Phase:
        assert self._draft is not None
        row = self._draft.execute(
            "SELECT * FROM blocks WHERE first >= ? ORDER BY first LIMIT 1", (self._place,)
        ).fetchone()
        if row is None:
            return _Phase.PUBLISH
        first, last, _, head, data = row
        kept = self._connection.execute(
            "SELECT record, head FROM records WHERE position BETWEEN ? AND ? ORDER BY position",
            (first, last),
        ).fetchall()
        read = unpack_block(first, last, data)
        if [record for record, _ in kept] != read or kept[-1][1] != head:
            raise LedgerError(
                f"cannot keep a segment in {self._folder}: events {first} to {last} were read back "
                "different",
                f"df -h {self._folder}",
            )
        self._place = last + 1
        return _Phase.COMPARE

    def _publish(self) -> _Phase:
        assert self._draft is not None
        first = self._draft.execute("SELECT min(first) FROM blocks").get
        last = self._draft.execute("SELECT last FROM blocks ORDER BY first DESC LIMIT 1").get
        self._close_draft()
        name = SegmentName(first, last)
        path = self._folder / name.file_name()
        (self._folder / _DRAFT).rename(path)
        sync_directory(self._folder)
        size = path.stat().st_size
        self._tell("archive.segment_closed", first=first, last=last, file=path.name, bytes=size)
        return _Phase.DELETE

    def _delete(self) -> _Phase:
        names = list_segments(self._folder)
        last = names[-1].last if names else 0
        first = self._connection.execute("SELECT min(position) FROM records").get
        if first is None or first > last:
            return self._begin()
        self._connection.execute(
            "DELETE FROM records WHERE position BETWEEN ? AND ?",
            (first, min(last, first + DELETED_A_STEP - 1)),
        )
        return _Phase.DELETE

    def _open_draft(self) -> apsw.Connection:
        """Open the draft as its readers will, from the disk and not from memory."""
        path = self._folder / _DRAFT
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
        return open_segment(path)

    def _close_draft(self) -> None:
        if self._draft is not None:
            self._draft.close()
            self._draft = None


def _blocks(connection: apsw.Connection, first: int, last: int, head: bytes) -> Iterator[Block]:
    """Yield the records from `first` to `last` as blocks.

    A block ends where it is full, before a gap, and around a record that does not fit its head.
    Behind a gap a record that does not fit has no known head before it: that is lost, too.

    Args:
        head: stored head of the record before `first`.
    """
    block: Block | None = None
    size, due = 0, first
    rows = connection.execute(
        "SELECT position, head, record FROM records WHERE position BETWEEN ? AND ? "
        "ORDER BY position",
        (first, last),
    )
    for position, stored, record in rows:
        if not (isinstance(stored, bytes) and isinstance(record, bytes)):
            raise apsw.CorruptError(f"row {position} is no record")
        fits = sha256(head + record).digest() == stored
        if block and (not fits or position != due or _is_full(block, size)):
            yield block
            block = None
        if not fits:
            yield Block(position, head if position == due else b"", stored, [record])
        elif block is None:
            block, size = Block(position, head, stored, [record]), len(record)
        else:
            block.records.append(record)
            block = block._replace(head=stored)
            size += len(record)
        head, due = stored, position + 1
    if block:
        yield block


def _is_full(block: Block, size: int) -> bool:
    return size >= BLOCK_RAW_BYTES or len(block.records) >= BLOCK_RECORDS_MAX


def _last_head(folder: Path, name: SegmentName) -> bytes:
    connection = open_segment(folder / name.file_name())
    head: bytes = connection.execute("SELECT head FROM blocks ORDER BY first DESC LIMIT 1").get
    connection.close()
    return head
