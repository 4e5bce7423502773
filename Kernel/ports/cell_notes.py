"""Notes of what is under way, one small file each: they outlive a kernel that is killed.

Owns: the files. Does not own: what a note says, and what the next kernel makes of it
(`Kernel/core/lost_cells.py`). Written without a sync: what a machine that loses its power forgets
is a begin whose end is never told. A file may hold anything.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

NOTE_BYTES_MAX = 4096
NOTES_MAX = 4096
"""So many are read; more cells than that never run and wait."""


class CellNotes(Protocol):
    """The notes of a home, by name; a test gives its own."""

    def keep(self, name: str, data: bytes) -> None:
        """Write one, in the place of any of its name.

        Raises:
            OSError: the disk takes no more.
        """

    def forget(self, name: str) -> None:
        """Delete one; there may be none."""

    def left(self) -> dict[str, bytes]:
        """Return those there are: before the first is kept, those of kernels before."""


class HomeCellNotes:
    """Files in one folder, which is made with the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, data: bytes) -> None:
        """Write one; a kernel killed meanwhile leaves the old or the new one, whole."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        fresh = self._folder / f".{name}"
        fresh.write_bytes(data)
        fresh.replace(self._folder / name)

    def forget(self, name: str) -> None:
        """Delete one; there may be none."""
        with suppress(OSError):
            (self._folder / name).unlink()

    def left(self) -> dict[str, bytes]:
        """Return those there are; one that cannot be read is empty."""
        try:
            names = sorted(os.listdir(self._folder))[:NOTES_MAX]
        except OSError:
            return {}
        # One with a dot in front was never finished: what it stands for is under its own name.
        return {name: b"" if name.startswith(".") else self._read(name) for name in names}

    def _read(self, name: str) -> bytes:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(self._folder / name, flags)
        except OSError:
            return b""
        try:
            return os.read(fd, NOTE_BYTES_MAX + 1)
        except OSError:
            return b""
        finally:
            os.close(fd)


class MemoryCellNotes:
    """Those of a kernel without a home."""

    def __init__(self) -> None:
        self.notes: dict[str, bytes] = {}

    def keep(self, name: str, data: bytes) -> None:
        """Keep one."""
        self.notes[name] = data

    def forget(self, name: str) -> None:
        """Delete one; there may be none."""
        self.notes.pop(name, None)

    def left(self) -> dict[str, bytes]:
        """Return those there are."""
        return dict(self.notes)
