"""The kernel's write-ahead files: what is not stored yet outlives a kernel that is killed.

Owns: the files, their names, appending. Does not own: their form (`Kernel/contract/ahead.py`), what
goes in (`Kernel/core/log_sender.py`).

Written without a sync: a `kill -9` of the kernel loses nothing, a machine that loses its power may
lose what was not in the ledger yet. The kernel waits for no disk.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

FILES_MAX = 16
"""So many files of earlier lives are kept; each is one life in which the archive never answered."""


class AheadFiles(Protocol):
    """The present file and those of earlier lives; a simulation gives its own."""

    @property
    def size(self) -> int:
        """Return how many bytes of the present file count."""

    def earlier(self) -> list[str]:
        """Return the names of what earlier lives have left, oldest first."""

    def read(self, name: str) -> bytes:
        """Return what one of them holds.

        Raises:
            OSError: it cannot be read.
        """

    def forget(self, name: str) -> None:
        """Delete one of them."""

    def begin(self, data: bytes) -> None:
        """Make the present file anew, whole or not at all.

        Raises:
            OSError: the disk takes no more.
        """

    def append(self, data: bytes) -> None:
        """Write behind all that counts; what was written in part does not count.

        Raises:
            OSError: the disk takes no more.
        """

    def cut(self, size: int) -> None:
        """Forget what is behind `size`."""

    def close(self) -> None:
        """Close the present file."""


class DiskAheadFiles:
    """Files in one folder: NAME, and NAME.1, NAME.2, ... of earlier lives.

    A folder that cannot be made or read is said when the present file is begun.
    """

    def __init__(self, folder: Path, name: str = "kernel.ahead") -> None:
        self._folder = folder
        self._path = folder / name
        self._fd = -1
        self._size = 0

    @property
    def size(self) -> int:
        """Return how many bytes of the present file count."""
        return self._size

    def earlier(self) -> list[str]:
        """Return the names of what earlier lives have left, oldest first."""
        with suppress(OSError):
            self._put_by()
        numbers = self._numbers()
        return [f"{self._path.name}.{number}" for number in numbers]

    def _put_by(self) -> None:
        """Give the file of the life before a number."""
        if self._fd < 0 and self._path.exists():
            number = max(self._numbers(), default=0) + 1
            self._path.rename(self._path.with_name(f"{self._path.name}.{number}"))

    def _numbers(self) -> list[int]:
        stem = f"{self._path.name}."
        try:
            names = os.listdir(self._folder)
        except OSError:
            return []
        ends = [name.removeprefix(stem) for name in names if name.startswith(stem)]
        return sorted(int(end) for end in ends if end.isdecimal())

    def read(self, name: str) -> bytes:
        """Return what one of them holds."""
        return (self._folder / name).read_bytes()

    def forget(self, name: str) -> None:
        """Delete one of them."""
        with suppress(OSError):
            (self._folder / name).unlink()

    def begin(self, data: bytes) -> None:
        """Make the present file anew, whole or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.new")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        fd = os.open(fresh, flags, 0o600)
        try:
            _write(fd, data, 0)
            fresh.rename(self._path)
        except OSError:
            os.close(fd)
            raise
        self.close()
        self._fd, self._size = fd, len(data)

    def append(self, data: bytes) -> None:
        """Write behind all that counts."""
        _write(self._fd, data, self._size)
        self._size += len(data)

    def cut(self, size: int) -> None:
        """Forget what is behind `size`."""
        if self._fd >= 0:
            with suppress(OSError):  # what is behind would be sent again, and dropped as known
                os.ftruncate(self._fd, size)
            self._size = size

    def close(self) -> None:
        """Close the present file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _write(fd: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(fd, view, place)
        view, place = view[count:], place + count
