"""What a write that failed has left in the WAL behind its end is taken out.

Owns: finding such frames, wiping them. Does not own: when that is owed (`log.py`), reading a WAL
that is damaged (`wal_file.py`).

SQLite writes over them sooner or later, and until then knows where its own end is. Whoever opens
the log after a kill does not: a frame of the present age that ends a transaction proves to it that
all before it was stored. Readers never look behind the end that they were told, so wiping is safe
beside them.
"""

import os
from pathlib import Path
from typing import Final

from zones.ledger.wal_file import FRAME_HEADER_BYTES, HEADER_BYTES

_SALTS_IN_FILE: Final = slice(16, 24)
_SALTS_IN_FRAME: Final = slice(8, 16)


def wipe_behind(path: Path, frames: int, page_bytes: int) -> None:
    """Wipe the heads of the frames of the present age behind the end, and sync.

    From the last one on: a wipe that does not get through can be tried again.

    Args:
        frames: how many the WAL has for SQLite.

    Raises:
        OSError: the disk refuses.
    """
    size = FRAME_HEADER_BYTES + page_bytes
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        salts = os.pread(descriptor, HEADER_BYTES, 0)[_SALTS_IN_FILE]
        start = place = HEADER_BYTES + frames * size
        while (
            any(salts) and os.pread(descriptor, FRAME_HEADER_BYTES, place)[_SALTS_IN_FRAME] == salts
        ):
            place += size
        behind = range(start, place, size)
        for place in reversed(behind):
            os.pwrite(descriptor, bytes(FRAME_HEADER_BYTES), place)
        if behind:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
