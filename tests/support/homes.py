"""Homes for kernels under test: short paths, and nothing left in the machine afterwards.

Arenas are made to outlive every process, and a killed kernel leaves its control groups to the next
one of its home: whoever boots a kernel on a throw-away home has to take both away too.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from Kernel.ports.arena_file import arena_folders
from Kernel.ports.cgroups import remove_leftovers


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
        remove_leftovers(home)
        for folder in arena_folders(home):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
