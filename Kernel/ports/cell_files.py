"""What a temporary process is given: the bytes of its job, and pipes for what it gives back.

Owns: making them and reading what has come. Does not own: the process (`Kernel/core/cell.py`).
"""

import fcntl
import os
from contextlib import suppress

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
READ_BYTES = 64 * 1024
CODE_PIPE_BYTES = 1 << 20
"""As much as Linux lets any user have in one pipe (`fs.pipe-max-size`)."""


def seal_job(data: bytes) -> int:
    """Return the descriptor of a file in memory that holds `data` and can never be changed.

    Raises:
        OSError: no descriptor or memory is left.
    """
    fd = os.memfd_create("molt-job", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.lseek(fd, 0, os.SEEK_SET)  # whoever gets a copy reads from its beginning
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    except OSError:
        os.close(fd)
        raise
    return fd


def open_answer() -> tuple[int, int]:
    """Return the two ends of a pipe: ours, which never waits, and the one to write into.

    Raises:
        OSError: no descriptor is left.
    """
    ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    os.set_blocking(theirs, True)
    return ours, theirs


def read_answer(fd: int) -> bytes | None:
    """Return what has come, b"" at the end, None while there is nothing."""
    try:
        return os.read(fd, READ_BYTES)
    except BlockingIOError:
        return None


def open_code_pipe() -> tuple[int, int]:
    """Return the two ends of a pipe that takes CODE_PIPE_BYTES while nobody reads it.

    Neither end ever waits. Where the system does not give so much room it takes less.

    Raises:
        OSError: no descriptor is left.
    """
    ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    with suppress(OSError):
        fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, CODE_PIPE_BYTES)
    return ours, theirs


def read_code(fd: int, most: int) -> bytes:
    """Return what lies in a pipe, at most so many bytes and one more."""
    found = bytearray()
    with suppress(BlockingIOError):
        while len(found) <= most and (piece := os.read(fd, READ_BYTES)):
            found += piece
    return bytes(found)
