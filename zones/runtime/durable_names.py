"""Make names in a directory durable: a file that was made, renamed or deleted stays so.

Owns: that one call. Does not own: what is in a file (its writer syncs it).
"""

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Make names in a directory durable.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
