"""Rows out of pages of a database that SQLite gives up on: each leaf page says what it holds.

Owns: reading cells of leaf pages, telling the log's rows apart. Does not own: which pages there
are (`wal_file.py`), which rows are believed (`salvage.py`).

A leaf of a table needs no tree above it to be read: its cells carry rowid and columns. So whatever
page can be read gives its rows, though the root, the schema or the page beside it is gone. The
rows of the log's tables differ in the types of their columns. Bytes are hostile: what does not
parse is left out.
Format: SQLite, "Database File Format" (fileformat2.html, sections 1.6 and 2.1). Pure.
"""

import mmap
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from Kernel.contract.envelope import RECORD_BYTES_MAX
from zones.ledger.wal_file import WalFile
from zones.runtime.ledger_file import HEAD_BYTES, POSITION_MAX, ArenaMark, Gap, SenderMark

_LEAF: Final = 0x0D
_FILE_HEADER_BYTES: Final = 100
_PAYLOAD_BYTES_MAX: Final = RECORD_BYTES_MAX + 1024
_OVERFLOW_PAGES_MAX: Final = 1024
_WHOLE: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

Bytes = bytes | mmap.mmap
Column = bytes | str | int | None


class Row(NamedTuple):
    """A row of `records`."""

    position: int
    head: bytes
    record: bytes


Image = tuple[int, Bytes, int]
"""A page as it was at some time: its number, the file it is in, the offset there."""


class Pages:
    """The images of pages in a database and its WAL, whatever state they are in.

    Args:
        database, wal: whole files.
        frames: what `look_into_wal` found in the WAL.

    Attributes:
        images: those of the database, then those of the WAL in the order they were written.
        first_frame: index of the first one of the WAL.
    """

    def __init__(self, database: Bytes, wal: Bytes, frames: WalFile) -> None:
        self.page_bytes = frames.page_bytes
        self.first_frame = len(database) // self.page_bytes
        self.images: list[Image] = [
            (number + 1, database, number * self.page_bytes) for number in range(self.first_frame)
        ]
        self.images += [(number, wal, offset) for number, offset in frames.frames]
        self.newest = {image[0]: image for image in self.images}


def carve(pages: Pages, index: int) -> Iterator[Row | SenderMark | ArenaMark | Gap]:
    """Yield the rows of the log's tables that can be read from one image of a page."""
    number, data, offset = pages.images[index]
    start = _FILE_HEADER_BYTES if number == 1 else 0
    for rowid, columns in _cells(data[offset : offset + pages.page_bytes], start, pages):
        row = _told(rowid, columns)
        if row is not None:
            yield row


def _told(rowid: int, columns: list[Column]) -> Row | SenderMark | ArenaMark | Gap | None:
    """Return the row of ours that columns are, None when they are none."""
    match columns:
        case [None, bytes(head), bytes(record)]:
            if 1 <= rowid <= POSITION_MAX and len(head) == HEAD_BYTES:
                return Row(rowid, head, record)
        case [None, str(zone), bytes(epoch), int(number), int(checksum)]:
            mark = SenderMark(zone, epoch, number)
            return mark if mark.checksum == checksum else None
        case [None, bytes(arena), int(sequence), int(offset), int(checksum)]:
            place = ArenaMark(arena, sequence, offset)
            return place if place.checksum == checksum else None
        case [None, int(last), str(why), int(lost)]:
            if 1 <= rowid <= last <= POSITION_MAX:
                return Gap(rowid, last, why, bool(lost))
    return None


def _cells(page: bytes, start: int, pages: Pages) -> Iterator[tuple[int, list[Column]]]:
    """Yield rowid and columns of each cell of a leaf page that can be read."""
    size = pages.page_bytes
    if len(page) < size or page[start] != _LEAF:
        return
    (count,) = struct.unpack_from(">H", page, start + 3)
    if start + 8 + 2 * count > size:
        return
    for cell in struct.unpack_from(f">{count}H", page, start + 8):
        try:
            length, place = _varint(page, cell)
            rowid, place = _varint(page, place)
            payload = _payload(page, place, length, pages)
            yield rowid, _columns(payload)
        except (IndexError, ValueError, struct.error):
            continue


def _payload(page: bytes, place: int, length: int, pages: Pages) -> bytes:
    """Return the payload of a cell, its overflow pages included (section 1.6)."""
    size = pages.page_bytes
    if not 0 < length <= _PAYLOAD_BYTES_MAX:
        raise ValueError("its length is out of range")
    if length <= size - 35:
        local = length
    else:
        least = (size - 12) * 32 // 255 - 23
        local = least + (length - least) % (size - 4)
        if local > size - 35:
            local = least
    if place + local > size:
        raise ValueError("it ends outside of its page")
    parts = [page[place : place + local]]
    missing = length - local
    if missing:
        (number,) = struct.unpack_from(">I", page, place + local)
        for _ in range(_OVERFLOW_PAGES_MAX):
            if number not in pages.newest or missing <= 0:
                break
            _, data, offset = pages.newest[number]
            (number,) = struct.unpack_from(">I", data, offset)
            parts.append(data[offset + 4 : offset + 4 + min(missing, size - 4)])
            missing -= size - 4
        if missing > 0:
            raise ValueError("an overflow page is missing")
    return b"".join(parts)


def _columns(payload: bytes) -> list[Column]:
    """Return the columns of a row (section 2.1)."""
    end, place = _varint(payload, 0)
    types = []
    while place < end:
        kind, place = _varint(payload, place)
        types.append(kind)
    if place != end or len(types) > 8:
        raise ValueError("its header is none")
    return [*_values(payload, types, end)]


def _values(payload: bytes, types: list[int], place: int) -> Iterator[Column]:
    for kind in types:
        if kind == 0:
            yield None
            continue
        if kind in (8, 9):
            yield kind - 8
            continue
        length = (kind - 12) // 2 if kind >= 12 else _WHOLE.get(kind, -1)
        if length < 0 or place + length > len(payload):
            raise ValueError("a column is none of ours")
        data = payload[place : place + length]
        place += length
        if kind < 12:
            yield int.from_bytes(data, "big", signed=True)
        else:
            yield data.decode() if kind % 2 else data


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number of 1 to 9 bytes and where it ends."""
    value = 0
    for _ in range(8):
        byte = data[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    value = value << 8 | data[place]
    return value - 2**64 if value >= 2**63 else value, place + 1
