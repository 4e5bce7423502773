"""The file that one writer holds: its lock, and what was promised of positions.

Owns: the lock, the two numbers. Does not own: what follows from them (`opening.py`).

A position is never given twice, also when the log is deleted or its end is destroyed. So positions
are reserved in steps, durably, before they are given: whoever finds less in the log than was
reserved, without the word of a clean end, goes on behind what was reserved.
"""

import fcntl
import os
import struct
import zlib
from pathlib import Path
from typing import Final

from Kernel.contract.errors import LedgerError, what_helps

NAME: Final = "writer"
RESERVED_STEP: Final = 10_000
"""One sync in so many events, and at most so many positions that stay empty after a disaster."""
_FORM: Final = struct.Struct("<8sQQI")
_MAGIC: Final = b"MOLTWRT1"


class WriterFile:
    """The lock of the one writer; it goes with the process.

    Args:
        folder: of the ledger; made when it is missing.

    Attributes:
        reserved: positions up to this one may have been given.
        closed: newest position when a writer last left in order; None: it did not.

    Raises:
        LedgerError: another process holds it; from every method: the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(folder / NAME, flags, 0o600)
        except OSError as error:
            raise self._failure(error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.reserved, self.closed = _parse(os.pread(self._descriptor, _FORM.size, 0))
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise LedgerError(
                f"cannot write the ledger in {folder}: another process does",
                f"fuser {folder / NAME}",
            ) from error
        except OSError as error:
            os.close(self._descriptor)
            raise self._failure(error) from error

    @property
    def free(self) -> int:
        """Return up to which position some may be given now."""
        return self.reserved if self.closed is None else 0

    def reserve(self, position: int) -> None:
        """Reserve positions up to this one and some more."""
        self._write(max(self.reserved, position + RESERVED_STEP), None)

    def close(self, newest: int) -> None:
        """Leave in order, with the newest position, and let another writer in."""
        try:
            self._write(max(self.reserved, newest), newest)
        finally:
            os.close(self._descriptor)

    def has_its_name(self) -> bool:
        """Return whether this is the file that another writer would find in the folder."""
        own = os.fstat(self._descriptor)
        try:
            found = os.stat(self._folder / NAME)
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)

    def where(self) -> str:
        """Return in which folder the file is now, by what the system says; "" when in none."""
        place = os.readlink(f"/proc/self/fd/{self._descriptor}")
        return "" if place.endswith(" (deleted)") else os.path.dirname(place)

    def again(self) -> "WriterFile":
        """Take the lock in the folder anew, with the same promises; this one is let go."""
        new = WriterFile(self._folder)
        try:
            new._write(max(new.reserved, self.reserved), self.closed)
        except LedgerError:
            new.abandon()
            raise
        self.abandon()
        return new

    def abandon(self) -> None:
        """Let another writer in without a word."""
        os.close(self._descriptor)

    def _write(self, reserved: int, closed: int | None) -> None:
        told = 0 if closed is None else closed + 1
        data = _FORM.pack(_MAGIC, reserved, told, zlib.crc32(struct.pack("<QQ", reserved, told)))
        try:
            os.pwrite(self._descriptor, data, 0)
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._failure(error) from error
        self.reserved, self.closed = reserved, closed

    def _failure(self, error: OSError) -> LedgerError:
        return LedgerError(
            f"cannot write the ledger in {self._folder}: {error.strerror}",
            what_helps(error, self._folder),
        )


def _parse(data: bytes) -> tuple[int, int | None]:
    """Return what was reserved and the word of a clean end; nothing from a damaged file."""
    if len(data) != _FORM.size:
        return 0, None
    magic, reserved, told, checksum = _FORM.unpack(data)
    if magic != _MAGIC or checksum != zlib.crc32(struct.pack("<QQ", reserved, told)):
        return 0, None
    return reserved, told - 1 if told else None
