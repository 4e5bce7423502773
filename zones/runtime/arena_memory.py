"""Arena files and mappings as a zone process meets them.

Owns: reserving a file, mapping one with all its pages present. Does not own: what is in it
(`Kernel/contract/arena.py`), where it lies (the kernel decides the path).
"""

import ctypes
import mmap
import os
import time
from pathlib import Path

from Kernel.contract.arena import MAGIC, ArenaWords, Header, Side, check_arena

POPULATE_BYTES = 1 << 20
TICK_WAIT_S = 0.0005
TICK_WAITS_MAX = 20
TEXT_BYTES_MIN = 1 << 20
_MADV_DONTNEED = 4
_MADV_POPULATE_WRITE = 23


def reserve_file(path: Path, size_bytes: int) -> int:
    """Make a file with every block reserved and return its descriptor.

    Raises:
        OSError: ENOSPC when the file system has no room (nothing is left behind).
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, size_bytes)
    except OSError:
        os.close(fd)
        path.unlink()
        raise
    return fd


def map_arena(fd: int, writable: bool, *, urgent: bool = False) -> ArenaWords:
    """Map a whole arena file, and check it unless it is still empty.

    A writable mapping is populated now: the first tick of an heir would otherwise take one page
    fault per 4 KiB (measured: 1-2 ms at 50k entities). That goes on beside a world that ticks, so
    it is done in pieces, between its ticks: in one piece it took a core away from three ticks in
    a row (200k entities: 15, 11 and 12 ms instead of 8).

    Args:
        urgent: nobody ticks: a flight word that is set was left by the dead, so nothing is waited
            for (it took 10 ms a piece).
    """
    size = os.fstat(fd).st_size
    protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    memory = mmap.mmap(fd, size, flags=mmap.MAP_SHARED, prot=protection)
    words = ArenaWords(memoryview(memory))
    if writable:
        for start in range(0, size, POPULATE_BYTES):
            if not urgent:
                _wait_between_ticks(words)
            memory.madvise(_MADV_POPULATE_WRITE, start, min(POPULATE_BYTES, size - start))
    if words.get(Header.MAGIC) == MAGIC:  # a founder maps a file that is still empty
        check_arena(words, f"the arena behind descriptor {fd}")
    return words


def _wait_between_ticks(words: ArenaWords) -> None:
    """Return when the world computes no tick, or after TICK_WAITS_MAX looks at one that does."""
    for _ in range(TICK_WAITS_MAX):
        if words.get(Header.FLIGHT) == 0:
            return
        time.sleep(TICK_WAIT_S)


def map_side(fd: int) -> memoryview:
    """Map the side page (liveness, acknowledgements, drills), writable."""
    return memoryview(mmap.mmap(fd, Side.BYTES))


def release_text() -> None:
    """Let go of the machine code of large libraries; what is called again is faulted in again.

    A zygote has used most of LLVM once and will not again. Its 52 MB were half of what the OS had
    to tear down when the kernel dies (last process gone after 16 ms, without them after 13).
    Only file-backed code is let go: it is never written, so nothing can be lost.
    """
    libc = ctypes.CDLL(None)
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split()
        if len(fields) < 6 or fields[1] != "r-xp" or not fields[5].startswith("/"):
            continue
        start, end = (int(bound, 16) for bound in fields[0].split("-"))
        if end - start >= TEXT_BYTES_MIN:
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)
