"""The snapshot of the kernel's memory: one file of the home.

Owns: reading and replacing it. Does not own: what it holds (`Kernel/memory/context_memory.py`),
when it is written (`Kernel/memory/remembering.py`). Replaced without a sync: it outlives a kernel
that is killed; of a machine that loses its power the one before may be left, or a torn one, which
is refused.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Protocol

READ_BYTES_MAX = 2 << 20


class MemoryFile(Protocol):
    """The file of one home; a test gives its own."""

    def load(self) -> bytes | None:
        """Return what it holds, at most READ_BYTES_MAX; None: there is none; b"": unreadable."""

    def save(self, data: bytes) -> None:
        """Replace it; a kernel killed meanwhile leaves the old or the new one, whole.

        Raises:
            OSError: the disk takes no more.
        """

    def set_aside(self) -> str:
        """Give one that cannot be used another name, which is returned; "" where that fails."""


class HomeMemoryFile:
    """That of a real home."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> bytes | None:
        """Return what it holds; what is no plain file is as good as torn."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(self._path, flags)
        except FileNotFoundError:
            return None
        except OSError:
            return b""
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return b""
            with open(fd, "rb", closefd=False) as file:
                return file.read(READ_BYTES_MAX)
        except OSError:
            return b""
        finally:
            os.close(fd)

    def save(self, data: bytes) -> None:
        """Write beside it and give that its name."""
        fresh = self._path.with_name(f".{self._path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(fresh, flags, 0o600), "wb") as file:
                file.write(data)
            os.replace(fresh, self._path)
        except OSError:  # of a full disk nothing is left that takes room
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise

    def set_aside(self) -> str:
        """Keep the newest that could not be used, for whoever wants to know why."""
        refused = self._path.with_name(f"{self._path.name}.refused")
        try:
            os.replace(self._path, refused)
        except OSError:
            return ""
        return str(refused)


class PaperMemoryFile:
    """That of a kernel without a home."""

    def __init__(self, data: bytes | None = None) -> None:
        self.data = data
        self.saves = 0
        self.refused: bytes | None = None

    def load(self) -> bytes | None:
        """Return what was saved."""
        return self.data

    def save(self, data: bytes) -> None:
        """Keep it."""
        self.data = data
        self.saves += 1

    def set_aside(self) -> str:
        """Keep it apart."""
        self.refused, self.data = self.data, None
        return "memory.refused"
