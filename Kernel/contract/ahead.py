"""The form of a write-ahead file: what a sender keeps on disk while the archive is away.

Owns: the header, entries with length and checksum, where a torn end begins. Does not own: the file
itself, when it is written, synced and emptied (`Kernel/ports/ahead_file.py`,
`zones/runtime/ahead_file.py`).

File: MAGIC, epoch, then entries: number u64, length u32, crc32 u32 over number, length and record,
then the record. A write that a crash cut short leaves an end that does not check: it is cut off.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from Kernel.contract.envelope import RECORD_BYTES_MAX
from Kernel.contract.user_bus import EPOCH_BYTES

MAGIC: Final = b"MOLTAHD1"
HEADER_BYTES: Final = len(MAGIC) + EPOCH_BYTES
_ENTRY: Final = struct.Struct("<QII")
_NUMBERS: Final = struct.Struct("<QI")


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a write-ahead file holds.

    Args:
        epoch: of the sender's life that wrote it, b"" when there is no whole header.
        entries: numbers and records, in the order they were written.
        whole_bytes: how much of the file is sound; the rest is a torn end.
    """

    epoch: bytes
    entries: tuple[tuple[int, bytes], ...]
    whole_bytes: int


def pack_header(epoch: bytes) -> bytes:
    """Return what a fresh file begins with."""
    assert len(epoch) == EPOCH_BYTES
    return MAGIC + epoch


def pack_entry(number: int, record: bytes) -> bytes:
    """Return one entry."""
    return _ENTRY.pack(number, len(record), _checksum(number, record)) + record


def parse_ahead(data: bytes) -> Ahead:
    """Read a whole file; the bytes are hostile. What follows the first bad entry is not read."""
    if len(data) < HEADER_BYTES or not data.startswith(MAGIC):
        return Ahead(b"", (), 0)
    entries: list[tuple[int, bytes]] = []
    place = HEADER_BYTES
    while place + _ENTRY.size <= len(data):
        number, length, checksum = _ENTRY.unpack_from(data, place)
        start = place + _ENTRY.size
        if length > RECORD_BYTES_MAX or start + length > len(data):
            break
        record = data[start : start + length]
        if _checksum(number, record) != checksum:
            break
        entries.append((number, record))
        place = start + length
    return Ahead(data[len(MAGIC) : HEADER_BYTES], tuple(entries), place)


def _checksum(number: int, record: bytes) -> int:
    return zlib.crc32(record, zlib.crc32(_NUMBERS.pack(number, len(record))))
