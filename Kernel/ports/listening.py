"""Make a listening Unix socket: private from its first moment, and in place of an old one.

Owns: its file, mode and name. Does not own: what comes in by it (`Kernel/console/server.py`, the
archive by way of `listeners.py`).
"""

import errno
import os
import socket
import stat
from contextlib import suppress

SOCKET_MODE = 0o600


def listen(
    dir_fd: int, name: str, waiting_max: int, kind: int = socket.SOCK_STREAM
) -> tuple[socket.socket, int]:
    """Return a listening socket at `name` in a directory, and its inode.

    A Unix path ends at 108 bytes, so the directory goes by descriptor. The mode is set before the
    bind (Linux gives it to the file) and the file is renamed into place when it already listens,
    so there is no moment at which it is open to others, or there and deaf.

    Args:
        waiting_max: connections that may wait to be accepted.
        kind: SOCK_STREAM, or SOCK_SEQPACKET.

    Raises:
        OSError: it cannot be made, or the name is taken by something that is not a socket.
    """
    with suppress(FileNotFoundError):
        old = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
        if not stat.S_ISSOCK(old.st_mode):
            raise OSError(errno.ENOTSOCK, "the name is taken by something that is not a socket")
    fresh = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=dir_fd)
    listener = socket.socket(socket.AF_UNIX, kind)
    try:
        listener.setblocking(False)
        os.fchmod(listener.fileno(), SOCKET_MODE)
        listener.bind(f"/proc/self/fd/{dir_fd}/{fresh}")
        listener.listen(waiting_max)
        os.rename(fresh, name, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        made = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
        assert stat.S_IMODE(made.st_mode) == SOCKET_MODE, f"socket mode is {made.st_mode:o}"
    except OSError:
        listener.close()
        raise
    return listener, made.st_ino
