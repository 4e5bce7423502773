"""Writing lines to a descriptor that somebody has handed us, never waiting for its reader.

Owns: how such a descriptor is opened and written. Does not own: what is written
(`Kernel/core/event_feed.py`).

A pipe or terminal is opened anew, so that not to block is no matter of whoever shares it with us;
a socket takes each message's own flag; a file is always ready.
"""

import fcntl
import os
import socket
import stat
from typing import Protocol

from Kernel.contract.errors import ConfigError


class LineWriter(Protocol):
    """Where lines go; a test gives its own."""

    def fileno(self) -> int:
        """Return what the loop polls."""

    def write(self, data: bytes) -> int:
        """Write what fits and return how much that was; 0: nothing at present.

        Raises:
            OSError: nobody reads any more, or the disk is full.
        """

    def close(self) -> None:
        """Close it."""


class FdWriter:
    """A descriptor of ours."""

    def __init__(self, fd: int, is_socket: bool) -> None:
        self._fd = fd
        self._socket = socket.socket(fileno=fd) if is_socket else None

    def fileno(self) -> int:
        """Return it."""
        return self._fd

    def write(self, data: bytes) -> int:
        """Write what fits."""
        try:
            if self._socket is not None:
                return self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close it."""
        if self._socket is not None:
            self._socket.close()
        else:
            os.close(self._fd)


def open_writer(fd: int) -> FdWriter:
    """Return a writer to an inherited descriptor, which stays open and as it is.

    Raises:
        ConfigError: there is no such descriptor, or it cannot be written.
    """
    try:
        mode = os.fstat(fd).st_mode
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"cannot write events to descriptor {fd}: it is not open", f"--events-fd {fd} {fd}>FILE"
        ) from error
    if flags & os.O_ACCMODE == os.O_RDONLY or stat.S_ISDIR(mode):
        raise ConfigError(
            f"cannot write events to descriptor {fd}: it is open for reading only",
            f"--events-fd {fd} {fd}>FILE",
        )
    if stat.S_ISSOCK(mode):
        return FdWriter(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3), is_socket=True)
    try:
        if stat.S_ISREG(mode):  # opened anew it would begin at its start
            ours = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
        else:
            ours = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(
            f"cannot write events to descriptor {fd}: {error.strerror or error}"
        ) from error
    return FdWriter(ours, is_socket=False)
