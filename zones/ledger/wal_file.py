"""What is in a WAL file, also where SQLite stops looking.

Owns: finding its frames and the first one that is not what was written. Does not own: reading
pages (`carve.py`), what is done about it (`opening.py`).

SQLite reads a WAL up to the first frame that does not fit its checksum and forgets the rest, which
is right for a transaction that was never finished. A bit that flipped in the middle looks the same
to it: acknowledged events behind it would be gone without a word. But a later frame of the same
age that ends a transaction proves that all before it had been written and synced.
Format: SQLite, "The WAL File Format" (fileformat2.html, section 4). Pure.
"""

import mmap
import struct
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
_MAGICS: Final = {0x377F0682: "<u4", 0x377F0683: ">u4"}
_VERSION: Final = 3007000
_AGE_FRAMES: Final = 16


@dataclass(frozen=True, slots=True)
class WalFile:
    """What was found.

    Args:
        page_bytes: size of a page.
        frames: (page number, offset of the page in the file), of all that are of the present age,
            up to the last one that ends a transaction; in the order they were written.
        sound: how many of them SQLite will read.
        whole: how many of them were written, for sure: all, or all but those of a last transaction
            that is torn, of which nobody can say whether it was ever acknowledged.
    """

    page_bytes: int
    frames: tuple[tuple[int, int], ...]
    sound: int
    whole: int


def look_into_wal(data: bytes | mmap.mmap, page_bytes: int) -> WalFile:
    """Find the frames of a WAL; its bytes may be anything.

    Args:
        page_bytes: of the database, for when the header is damaged.
    """
    empty = WalFile(page_bytes, (), 0, 0)
    size = FRAME_HEADER_BYTES + page_bytes
    count = (len(data) - HEADER_BYTES) // size
    if count < 1:
        return empty
    magic, version, told_bytes, _, *salts = struct.unpack_from(">6I", data)
    words = _MAGICS.get(magic, "<u4")
    seed = _checksum(np.frombuffer(data, words, 6), (0, 0))
    whole = magic in _MAGICS and version == _VERSION and told_bytes == page_bytes
    whole = whole and seed == struct.unpack_from(">2I", data, HEADER_BYTES - 8)
    heads = np.ndarray((count, 6), ">u4", data, HEADER_BYTES, (size, 4))
    if not whole:
        # What most of the first frames say: they are all of one age.
        told = Counter((int(first), int(second)) for first, second in heads[:_AGE_FRAMES, 2:4])
        del told[0, 0]
        if not told:
            return empty
        salts = [*told.most_common(1)[0][0]]
    # The last frame of the present age proves that all before it were written in that age, too.
    present = (heads[:, 2] == salts[0]) & (heads[:, 3] == salts[1])
    ends = np.flatnonzero(present & (heads[:, 1] != 0))
    if not len(ends):
        return empty
    finished = int(ends[-1]) + 1
    sound, bad = _judge(data, words, heads[:finished], seed if whole else None, salts)
    last_begins = int(ends[-2]) + 1 if len(ends) > 1 else 0
    is_torn = any(number >= last_begins for number in bad)
    pages = [int(page) for page in heads[:finished, 0]]
    start = HEADER_BYTES + FRAME_HEADER_BYTES
    frames = tuple((page, start + number * size) for number, page in enumerate(pages))
    return WalFile(page_bytes, frames, sound, last_begins if is_torn else finished)


def _judge(
    data: bytes | mmap.mmap,
    words: str,
    heads: NDArray[Any],
    seed: tuple[int, int] | None,
    salts: list[int],
) -> tuple[int, list[int]]:
    """Return how many frames SQLite will read, and which do not fit the one before.

    Args:
        seed: checksum of the header, None when that is damaged: then SQLite reads nothing, and
            whether the first frame fits is not known.
    """
    count, size = len(heads), heads.strides[0]
    starts = np.ndarray((count, 2), words, data, HEADER_BYTES, (size, 4))
    place = HEADER_BYTES + FRAME_HEADER_BYTES
    page_words = (size - FRAME_HEADER_BYTES) // 4
    pages = np.ndarray((count, page_words), words, data, place, (size, 4))
    factors, step = _factors(2 + page_words)
    is_read = seed is not None
    sound, bad = 0, []
    for number in range(count):
        told = [int(word) for word in heads[number]]
        body = np.concatenate((starts[number], pages[number])).astype(np.uint32)
        if seed is not None:
            fits = [*_advance(body, seed, factors, step)] == told[4:] and told[2:4] == salts
            if not fits:
                bad.append(number)
            if is_read and not bad and told[1]:
                sound = number + 1
        seed = (told[4], told[5])
    return sound, bad


def _checksum(body: NDArray[Any], seed: tuple[int, int]) -> tuple[int, int]:
    factors, step = _factors(len(body))
    return _advance(body.astype(np.uint32), seed, factors, step)


def _advance(
    body: NDArray[np.uint32],
    seed: tuple[int, int],
    factors: NDArray[np.uint32],
    step: tuple[int, int, int],
) -> tuple[int, int]:
    """Return SQLite's checksum of words that follow on `seed`.

    For each pair (x, y): s += x + t; t += y + s, modulo 2**32. That is linear, so a whole frame is
    one product with powers of the matrix ((1, 1), (1, 2)) instead of a thousand steps.
    """
    first, second = (int(value) for value in factors @ body)
    a, b, c = step
    return (
        (a * seed[0] + b * seed[1] + first) & 0xFFFFFFFF,
        (b * seed[0] + c * seed[1] + second) & 0xFFFFFFFF,
    )


@cache
def _factors(words: int) -> tuple[NDArray[np.uint32], tuple[int, int, int]]:
    """Return what each word counts in both sums, and the matrix (a, b; b, c) for the seed."""
    factors = np.zeros((2, words), np.uint32)
    a, b, c = 1, 0, 1  # a power of the matrix, which is symmetric
    for pair in range(words // 2 - 1, -1, -1):
        # (x, y) enters as (x, x + y), then goes through all later steps.
        factors[0, 2 * pair], factors[0, 2 * pair + 1] = (a + b) & 0xFFFFFFFF, b
        factors[1, 2 * pair], factors[1, 2 * pair + 1] = (b + c) & 0xFFFFFFFF, c
        a, b, c = (a + b) & 0xFFFFFFFF, (a + 2 * b) & 0xFFFFFFFF, (b + 2 * c) & 0xFFFFFFFF
    return factors, (a, b, c)
