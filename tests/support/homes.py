"""Homes for kernels under test: short paths, and nothing left in shared memory afterwards.

Arenas are made to outlive every process, so whoever boots a kernel on a throw-away home has to
take its arenas away too.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from Kernel.ports.arena_file import arena_folders


@contextlib.contextmanager
def temporary_home(parent: Path = Path("/tmp")) -> Iterator[Path]:
    """Give an empty home, and remove it with its arenas afterwards.

    Args:
        parent: where it is made. The path is short: those of Unix sockets end at 108 bytes.
    """
    home = Path(tempfile.mkdtemp(prefix="molt-", dir=parent))
    try:
        yield home
    finally:
        for folder in arena_folders(home):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
