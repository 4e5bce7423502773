"""A disk that refuses when it is told to, under SQLite's own file access.

It stands in for a full or failing disk without needing one: every write and sync of SQLite is
counted, and from a chosen one on all of them fail until it is healed; or only the sync of what a
commit has written to the WAL fails.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import apsw

NAME = "harmed"


class HarmedDisk(apsw.VFS):
    """The default disk while it is registered."""

    def __init__(self) -> None:
        super().__init__(NAME, "unix", makedefault=True)
        self.left: int | None = None
        self.refuse_commits = False
        self.error: type[apsw.Error] = apsw.FullError

    def fail_after(self, calls: int, error: type[apsw.Error]) -> None:
        """Let so many writes and syncs pass, and refuse all later ones."""
        self.left, self.error = calls, error

    def heal(self) -> None:
        self.left, self.refuse_commits = None, False

    def spend(self, error: type[apsw.Error]) -> None:
        if self.left is None:
            return
        if self.left <= 0:
            if self.error is error:
                raise error("it refuses")
            return
        self.left -= 1

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: HarmedDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._is_wal, self._writes = bool(flags[0] & apsw.SQLITE_OPEN_WAL), 0
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.spend(apsw.FullError)
        self._writes += 1
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.spend(apsw.IOError)
        writes, self._writes = self._writes, 0
        if self._is_wal and self._disk.refuse_commits and writes > 1:  # one alone is its header
            raise apsw.IOError("it refuses")
        super().xSync(flags)

    def xLock(self, level: int) -> None:
        try:
            super().xLock(level)
        except apsw.IOError as error:  # of a read-only file: the wrapper does not know that case
            raise apsw.BusyError("it is read-only") from error


@contextlib.contextmanager
def harmed_disk() -> Iterator[HarmedDisk]:
    """Put such a disk under every database that is opened meanwhile."""
    disk = HarmedDisk()
    try:
        yield disk
    finally:
        disk.unregister()
