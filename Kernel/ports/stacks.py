"""Stack dumps of hung processes: a file in memory each may write, and where they are kept.

Owns: making such a file, reading it after its process is gone, keeping the newest few on disk.
Does not own: asking for a dump (`Kernel/core/zone_watch.py`), writing one (faulthandler in the
process itself, see `zones/runtime/host.py`).
"""

import os
from pathlib import Path

STACK_BYTES_MAX = 64 * 1024
STACKS_KEPT = 20


def new_stack_file() -> int:
    """Return the descriptor of an empty file in memory.

    Raises:
        OSError: no descriptor or memory is left.
    """
    return os.memfd_create("molt-stack", os.MFD_CLOEXEC)


def read_stack(fd: int) -> str:
    """Return what a process has dumped, cut at STACK_BYTES_MAX; "" for nothing."""
    return os.pread(fd, STACK_BYTES_MAX, 0).decode(errors="replace")


def take_stack(fd: int) -> str:
    """Return what a process has dumped and empty the file, so that the next dump stands alone."""
    text = read_stack(fd)
    os.ftruncate(fd, 0)
    os.lseek(fd, 0, os.SEEK_SET)  # the place to write at is shared with the process
    return text


def has_stack(fd: int) -> bool:
    """Tell whether a process has dumped anything."""
    return os.fstat(fd).st_size > 0


def keep_stack(folder: Path, name: str, text: str) -> Path:
    """Write a dump to a file of its own and remove the oldest beyond STACKS_KEPT.

    Raises:
        OSError: the disk refuses.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.txt"
    path.write_text(text)
    files = sorted(folder.glob("*.txt"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in files[STACKS_KEPT:]:
        old.unlink(missing_ok=True)
    return path
