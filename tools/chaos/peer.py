"""One connection of a child that pesters: never waits, counts what is answered.

Owns: the socket, what is still to go out, lines that have come in. Does not own: what is said
(`pestering.py`).
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

READ_BYTES: Final = 64 * 1024


class Peer:
    """A connection to a socket of lines.

    Attributes:
        is_gone: the other side has hung up, or there was no room for it.
        said: what was handed to it and could not go out yet.
    """

    def __init__(self, path: Path, on_line: Callable[[bytes], None]) -> None:
        self.said = bytearray()
        self.is_gone = False
        self._on_line = on_line
        self._heard = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        try:
            connect(self._socket, path)
        except OSError:  # many wait already
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def say(self, data: bytes) -> None:
        """Hand in what is to go out."""
        self.said += data

    def turn(self) -> None:
        """Send what goes, take what has come."""
        if self.is_gone:
            return
        try:
            with suppress(BlockingIOError):
                while self.said:
                    del self.said[: self._socket.send(self.said[:READ_BYTES])]
            with suppress(BlockingIOError):
                data = self._socket.recv(READ_BYTES)
                self._hear(data)
        except OSError:
            with suppress(OSError):  # it may have said why before it hung up
                self._hear(self._socket.recv(READ_BYTES))
            self.close()

    def close(self) -> None:
        """Hang up."""
        self.is_gone = True
        self._socket.close()

    def _hear(self, data: bytes) -> None:
        if not data:
            self.close()
            return
        self._heard += data
        *lines, rest = bytes(self._heard).split(b"\n")
        self._heard = bytearray(rest)
        for line in lines:
            self._on_line(line)


def connect(sock: socket.socket, path: Path) -> None:
    """Connect to a Unix socket whatever the length of its path.

    Raises:
        OSError: nobody listens there, or too many wait.
    """
    folder = os.open(path.parent, os.O_PATH | os.O_CLOEXEC)
    try:
        sock.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
