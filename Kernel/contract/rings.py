"""A ring of numbered, checksummed entries in shared memory: one writer, one reader.

Owns: how entries lie in the ring. Does not own: where head and cursor are kept (the inbox head
is in the arena header, its cursor in the committed state block; the outbox the other way round),
nor what an entry says. The caller publishes head after the payload, so a reader never sees half
an entry. Offsets are virtual: they only grow, and the place in memory is offset % size.

Entry: sequence u64, length u32, crc32 u32, payload, padded to 8. An entry never wraps: when it
does not fit before the end, a filler (length 0xFFFFFFFF) sends the reader to the start; so an
entry larger than half a ring may never find room, and writers keep theirs far below.
"""

import struct
import zlib
from typing import NamedTuple

from Kernel.contract.errors import RingDamaged, RingFull

ENTRY = struct.Struct("<QII")
_NUMBERS = struct.Struct("<QI")
FILLER = 0xFFFFFFFF


class Entry(NamedTuple):
    """One entry as read: its sequence number, payload, and the offset just behind it."""

    sequence: int
    payload: bytes
    next_offset: int


def entry_bytes(payload_bytes: int) -> int:
    """Return the room one entry takes, header and padding included."""
    return ENTRY.size + (payload_bytes + 7) // 8 * 8


def append(
    ring: memoryview, head: int, cursor: int, sequence: int, payload: bytes, keep_bytes: int = 0
) -> int:
    """Write one entry behind `head` and return the new head. Changes `ring`.

    Args:
        ring: the whole ring, bytes, size a multiple of 8.
        head: virtual offset behind the newest entry.
        cursor: virtual offset of the oldest entry still needed; nothing from there on is touched.
        keep_bytes: room that must stay free afterwards (kept for safety inputs).

    Raises:
        RingFull: the entry would reach what the reader still needs.
    """
    size = len(ring)
    need = entry_bytes(len(payload))
    place = head % size
    skip = size - place if place + need > size else 0
    free = size - (head - cursor)
    if skip + need + keep_bytes > free:
        raise RingFull(
            f"cannot append {need} bytes to a ring of {size}: {max(free - keep_bytes, 0)} are free"
        )
    if skip:
        if skip >= ENTRY.size:
            ENTRY.pack_into(ring, place, sequence, FILLER, 0)
        place = 0
    checksum = _checksum(sequence, payload)
    start = place + ENTRY.size
    ring[start : start + len(payload)] = payload
    ENTRY.pack_into(ring, place, sequence, len(payload), checksum)
    return head + skip + need


def read(ring: memoryview, offset: int, head: int, sequence: int) -> Entry:
    """Read the entry at `offset`, which must carry `sequence`. The ring is not changed.

    Raises:
        RingDamaged: nothing is there, or length, sequence or checksum do not fit.
    """
    size = len(ring)
    place = offset % size
    if offset >= head:
        raise RingDamaged(f"cannot read entry {sequence}: offset {offset} is at the head {head}")
    if size - place < ENTRY.size or ENTRY.unpack_from(ring, place)[1] == FILLER:
        offset += size - place
        place = 0
    found, length, checksum = ENTRY.unpack_from(ring, place)
    need = entry_bytes(length)
    if found != sequence or offset + need > head or place + need > size:
        raise RingDamaged(f"cannot read entry {sequence}: found {found} of {length} bytes there")
    start = place + ENTRY.size
    payload = bytes(ring[start : start + length])
    if _checksum(sequence, payload) != checksum:
        raise RingDamaged(f"cannot read entry {sequence}: its checksum does not match")
    return Entry(found, payload, offset + need)


def _checksum(sequence: int, payload: bytes) -> int:
    # Sequence and length are in it too. The crc of nothing is 0: without them, memory full of
    # zeros would be a good entry number 0.
    return zlib.crc32(payload, zlib.crc32(_NUMBERS.pack(sequence, len(payload))))
