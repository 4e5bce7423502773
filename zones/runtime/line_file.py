"""A file of lines that outlives its writers: what was acknowledged is there whole.

Owns: appending durably, cutting a torn end, setting full files aside and bounding how many there
are. Does not own: what a line says (`zones/chronos/journal.py`).
One writer at a time. `NAME.jsonl` grows; when it is full it becomes `NAME.<label>.jsonl`.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

BLOCK_BYTES: Final = 64 * 1024
TAIL_BYTES_MAX: Final = 16 * 1024 * 1024
"""How much of a torn end is looked at; a line is far shorter."""
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class LineFile:
    """One growing file of lines.

    Args:
        path: the file; it and its directory (0700) are made when missing.
        is_line: whether a line (without its end) is whole; lines at the end that are not are cut.

    Attributes:
        last: the last whole line, b"" when there is none.
        cut_bytes: how many bytes of a torn end were cut off when it was opened.

    Raises:
        OSError: the disk refused; from every method.
    """

    def __init__(self, path: Path, is_line: Callable[[bytes], bool]) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(path, _FLAGS, 0o600)
        try:
            size = os.fstat(self._descriptor).st_size
            self.last, self.size_bytes = _find_end(self._descriptor, size, is_line)
            self.cut_bytes = size - self.size_bytes
            if self.cut_bytes:
                os.ftruncate(self._descriptor, self.size_bytes)
                os.fdatasync(self._descriptor)
            sync_directory(path.parent)
        except BaseException:
            os.close(self._descriptor)
            raise

    def append(self, lines: list[bytes]) -> None:
        """Append lines, durable on return. When it raises, none of them is in the file.

        (After a crash some of them may be: whoever reads the end again sees which.) A file that was
        deleted takes none: they would be durable in a file that nobody finds.
        """
        data = b"".join(line + b"\n" for line in lines)
        if os.fstat(self._descriptor).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "it was deleted", str(self.path))
        try:
            done = 0
            while done < len(data):
                done += os.write(self._descriptor, memoryview(data)[done:])
            os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.size_bytes)
            raise
        self.size_bytes += len(data)
        self.last = lines[-1]

    def set_aside(self, label: str) -> Path:
        """Rename the file to NAME.<label>.jsonl, start an empty one, return the old one's path."""
        aside = self.path.with_name(f"{self.path.stem}.{label}{self.path.suffix}")
        # The empty file is made first: without room for it, everything stays as it is.
        draft = self.path.with_name(f".{self.path.name}.tmp")
        fresh = os.open(draft, _FLAGS | os.O_TRUNC, 0o600)
        try:
            self.path.rename(aside)
            draft.rename(self.path)
        except OSError:
            os.close(fresh)
            raise
        os.close(self._descriptor)
        self._descriptor = fresh
        self.size_bytes = 0
        sync_directory(self.path.parent)
        return aside

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read_last_line(path: Path, is_line: Callable[[bytes], bool]) -> bytes:
    """Return the last whole line of a file that nobody writes, b"" when there is none.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return _find_end(file.fileno(), os.fstat(file.fileno()).st_size, is_line)[0]


class FoundFile(NamedTuple):
    """A file found by `list_files`; `changed_s`: its time of last change, wall clock seconds."""

    path: Path
    changed_s: float


def list_files(directory: Path, pattern: str) -> list[FoundFile]:
    """Return the files of a directory whose names match, in no order.

    Raises:
        OSError: the directory cannot be read; a missing one is empty.
    """
    return [FoundFile(path, path.stat().st_mtime) for path in directory.glob(pattern)]


def sync_directory(directory: Path) -> None:
    """Make names in a directory durable.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _find_end(
    descriptor: int, size_bytes: int, is_line: Callable[[bytes], bool]
) -> tuple[bytes, int]:
    """Return the last whole line and where the file ends with it."""
    start = size_bytes
    tail = b""
    while start > 0 and len(tail) < TAIL_BYTES_MAX:
        step = min(start, max(BLOCK_BYTES, len(tail)))
        start -= step
        tail = os.pread(descriptor, step, start) + tail
        end = tail.rfind(b"\n") + 1
        while end > 0:
            before = tail.rfind(b"\n", 0, end - 1) + 1
            if before == 0 and start > 0:
                break  # the beginning of this line is in an earlier block
            if is_line(tail[before : end - 1]):
                return tail[before : end - 1], start + end
            end = before
    if start > 0:
        raise OSError(0, f"no whole line in the last {TAIL_BYTES_MAX} bytes of a file of lines")
    return b"", 0
