"""Plain files, read and written as whoever trusts nothing on a disk does it.

Owns: reading without following a link, writing so that it is on the disk. Does not own: what is in
them. Standard library only.
"""

import hashlib
import os
from pathlib import Path


def digest_of(path: Path, bytes_max: int) -> tuple[str, int]:
    """Return sha256, in hex, and length of a file."""
    data = read_plain(path, bytes_max)
    return hashlib.sha256(data).hexdigest(), len(data)


def read_plain(path: Path, bytes_max: int) -> bytes:
    """Return what is in a plain file; a link is not followed, a pipe is not waited for.

    Raises:
        ValueError: it is longer.
        OSError: it cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(fd, "rb", buffering=0) as file:
        size = os.fstat(fd).st_size
        if size > bytes_max:
            raise ValueError(f"{path.name} has {size} bytes, limit {bytes_max}")
        data = b""
        while part := file.read(size + 1 - len(data)):
            data += part
        return data


def write_new(path: Path, data: bytes | memoryview) -> None:
    """Write a file that is not there yet, and have it on the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
