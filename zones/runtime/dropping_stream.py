"""A standard stream that never waits and never fails: what finds no room is dropped and counted.

Owns: writing to a pipe whose reader may be slow, or gone; making it one that does not wait. Does
not own: reading it (the kernel). For sealed processes: a world must not stand still because nobody
reads what it says, and a print must not end it.
"""

import contextlib
import io
import os
import select
import sys
from typing import Final

_PIECE_BYTES: Final = select.PIPE_BUF
"""So much goes into a pipe whole or not at all."""


class DroppingStream(io.TextIOBase):
    """Text to a descriptor that does not wait.

    Attributes:
        dropped: bytes that found no room and have not been told of yet.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.dropped = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Write, or drop what finds no room; the count is told before the next that does."""
        data = text.encode(self.encoding, self.errors)
        if self.dropped and data:
            told = f"\nmolt: {self.dropped} bytes of output found no room and were dropped\n"
            if self._put(told.encode()):
                self.dropped = 0
        for start in range(0, len(data), _PIECE_BYTES):
            if self.dropped or not self._put(data[start : start + _PIECE_BYTES]):
                self.dropped += len(data) - start
                break
        return len(text)

    def _put(self, piece: bytes) -> bool:
        with contextlib.suppress(OSError):  # full, or nobody reads it any more
            return os.write(self._descriptor, piece) == len(piece)
        return False


def drop_what_finds_no_room() -> None:
    """Let the standard streams of this process never wait.

    Not waiting is a property of an open file, which all who inherited it share: so the pipe is
    opened once more. What cannot be opened again, as a socket, stays as it is.
    """
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            again = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
            os.dup2(again, descriptor)
            os.close(again)
    sys.stdout, sys.stderr = DroppingStream(1), DroppingStream(2)
