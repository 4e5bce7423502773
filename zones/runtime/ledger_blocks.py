"""Segments: old parts of the log in files of their own, as blocks of compressed records.

Owns: a segment's name, its schema, the form of a block, reading blocks of one segment. Does not
own: moving records there (`zones/ledger/segments.py`), reading across files (`ledger_file.py`).

A segment is a SQLite file that is never changed once it has its name, so readers open it as
immutable: no locks, no files beside it. A block holds positions without a gap: MessagePack would
say no more than their lengths, so it is these (u32 each, little-endian), then the records, in one
zstd frame with a checksum. Heads are as good as random and do not compress; a block keeps two, the
one before its first record and its last one, and the chain gives all between. A record that did
not fit its head when it was moved is in a block by itself: it stays the one that is found bad.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import apsw
import zstandard

from Kernel.contract.envelope import RECORD_BYTES_MAX
from Kernel.contract.errors import LedgerDamaged
from zones.runtime.sqlite_damage import FAILED

SEGMENT_SCHEMA: Final = """
CREATE TABLE blocks (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    before BLOB NOT NULL,
    head BLOB NOT NULL,
    records BLOB NOT NULL
);
"""
SEGMENT_APPLICATION: Final = 0x4D4C5347
"""PRAGMA application_id, "MLSG"."""
BLOCK_RECORDS_MAX: Final = 1024
BLOCK_RAW_BYTES: Final = 64 * 1024
"""A block is full with the record that reaches this. Four times as much compresses a tenth better,
and makes the step that packs one, which an append has to wait for, take 5 ms instead of 1."""
BLOCK_RAW_BYTES_MAX: Final = BLOCK_RAW_BYTES + RECORD_BYTES_MAX + 4 * BLOCK_RECORDS_MAX
_NAME: Final = re.compile(r"([0-9]{12,19})-([0-9]{12,19})\.sqlite3")
_LEVEL: Final = 3


class SegmentName(NamedTuple):
    """What a segment's file name says. Sorts by position."""

    first: int
    last: int

    def file_name(self) -> str:
        """Return the name of the file."""
        return f"{self.first:012d}-{self.last:012d}.sqlite3"


class Run(NamedTuple):
    """Records without a gap between their positions, as one look into a file gave them.

    Args:
        first: position of the first one.
        records: at least one.
        before: head of the record before, b"" when this look did not see it.
        heads: the stored head of each, empty where only that of the last one is stored.
        head: of the last one.
    """

    first: int
    records: Sequence[bytes]
    before: bytes
    heads: Sequence[bytes]
    head: bytes

    @property
    def last(self) -> int:
        """Return the position of the last one."""
        return self.first + len(self.records) - 1


def list_segments(folder: Path) -> list[SegmentName]:
    """Return the segments in a folder in the order of their positions; a missing one is empty."""
    try:
        found = [_NAME.fullmatch(path.name) for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(SegmentName(int(hit[1]), int(hit[2])) for hit in found if hit)


def pack_block(records: Sequence[bytes]) -> bytes:
    """Return the compressed form of records."""
    lengths = struct.pack(f"<{len(records)}I", *map(len, records))
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    return compressor.compress(lengths + b"".join(records))


def unpack_block(first: int, last: int, data: bytes) -> list[bytes]:
    """Return the records of a block.

    Raises:
        LedgerDamaged: it is not what was packed.
    """
    count = last - first + 1
    try:
        if not 1 <= count <= BLOCK_RECORDS_MAX:
            raise ValueError(f"it says it has {count} records")
        if not 0 < zstandard.frame_content_size(data) <= BLOCK_RAW_BYTES_MAX:
            raise ValueError("its size is out of range")
        raw = zstandard.ZstdDecompressor().decompress(data)
        lengths = struct.unpack_from(f"<{count}I", raw)
        if 4 * count + sum(lengths) != len(raw):
            raise ValueError("its lengths do not add up")
    except (ValueError, struct.error, zstandard.ZstdError) as error:
        raise LedgerDamaged(first, last, f"a block cannot be unpacked: {error}") from error
    records = []
    place = 4 * count
    for length in lengths:
        records.append(raw[place : place + length])
        place += length
    return records


def open_segment(path: Path) -> apsw.Connection:
    """Open a segment for reading; raises apsw.Error."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return apsw.Connection(f"file:{quote(str(path.absolute()))}?immutable=1", flags)


class Segment:
    """One segment, open.

    Raises:
        LedgerDamaged: from each method: it, or a block of it, cannot be read.
    """

    def __init__(self, folder: Path, name: SegmentName) -> None:
        self.name = name
        self._last: Run | None = None
        try:
            self._connection = open_segment(folder / name.file_name())
        except FAILED as error:
            why = f"segment {name.file_name()}: {error}"
            raise LedgerDamaged(name.first, name.last, why) from error

    def runs(self, first: int, last: int) -> Iterator[Run]:
        """Yield what it has from `first` to `last`, block by block, the ends cut to fit."""
        place = first
        while place <= min(last, self.name.last):
            run = self._block_at(place)
            if run is None or run.first > last:
                return
            yield _cut(run, place, last)
            place = run.last + 1

    def runs_back(self, first: int, last: int) -> Iterator[Run]:
        """Yield the same from the last block to the first."""
        place = last
        while place >= max(first, self.name.first):
            run = self._block_before(place)
            if run is None or run.last < first:
                return
            yield _cut(run, first, place)
            place = run.first - 1

    def get(self, position: int) -> bytes | None:
        """Return one record, None when the position holds none."""
        run = self._block_before(position)
        if run is None or run.last < position:
            return None
        return run.records[position - run.first]

    def head(self, position: int) -> bytes | None:
        """Return the head of a position, None when it has none."""
        run = self._block_before(position)
        if run is None or run.last < position:
            return None
        if run.last == position:
            return run.head
        head = run.before
        for record in run.records[: position - run.first + 1]:
            head = sha256(head + record).digest()
        return head

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _block_at(self, place: int) -> Run | None:
        """Return the block that holds a position, or else the next one."""
        return self._block(
            place,
            "SELECT first, last, before, head, records FROM blocks WHERE first >= coalesce("
            "(SELECT max(first) FROM blocks WHERE first <= ?1 AND last >= ?1), ?1) "
            "ORDER BY first LIMIT 1",
            self.name.last,
        )

    def _block_before(self, place: int) -> Run | None:
        """Return the block that holds a position, or else the one before."""
        return self._block(
            place,
            "SELECT first, last, before, head, records FROM blocks WHERE first <= ?1 "
            "ORDER BY first DESC LIMIT 1",
            self.name.first,
        )

    def _block(self, place: int, query: str, end: int) -> Run | None:
        if self._last is not None and self._last.first <= place <= self._last.last:
            return self._last
        try:
            row = self._connection.execute(query, (place,)).fetchone()
        except FAILED as error:
            raise self._damage(place, end, error) from error
        if row is None:
            return None
        first, last, before, head, data = row
        self._last = Run(first, unpack_block(first, last, data), before, (), head)
        return self._last

    def _damage(self, place: int, end: int, error: Exception) -> LedgerDamaged:
        """Return what cannot be read: a block, or all up to an end where even that is unknown."""
        why = f"segment {self.name.file_name()}: {error}"
        query = "SELECT coalesce({0}(first), ?) FROM blocks WHERE first {1} ?"
        try:
            find = self._connection.execute
            first = find(query.format("max", "<="), (place, place)).get
            behind = find(query.format("min", ">"), (self.name.last + 1, place)).get
        except FAILED:
            first, behind = min(place, end), max(place, end) + 1
        return LedgerDamaged(first, behind - 1, why)


def _cut(run: Run, first: int, last: int) -> Run:
    """Return the part of a run that is wanted; what is cut off at its front goes into `before`."""
    if run.first >= first and run.last <= last:
        return run
    skip = max(0, first - run.first)
    keep = run.records[skip : max(0, last - run.first + 1)]
    before = run.before
    for record in run.records[:skip]:
        before = sha256(before + record).digest()
    head = before
    if run.last <= last:
        head = run.head
    else:
        for record in keep:
            head = sha256(head + record).digest()
    return Run(run.first + skip, keep, before, (), head)
