"""The folders of a home as safe mode needs them, made and locked as the kernel does it.

Owns: where run, data and arenas are, and opening them. Does not own: what a lock is
(`home_locks.py`). The rules are those of `Kernel/contract/places.py`, `Kernel/ports/disk.py` and
`Kernel/ports/arena_file.py`, written down a second time because those may be what is broken; tests
hold them equal.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from fallback.home_locks import find_held, take_lock

SHARED_MEMORY = Path("/dev/shm")
HOME_MARK = "home.id"


@dataclass(frozen=True, slots=True)
class Folders:
    """An opened and locked home.

    Args:
        arenas: where an arena may lie, best first.
        run_fd: HOME/run; Unix paths end at 108 bytes, so sockets go by descriptor.
    """

    home: Path
    arenas: tuple[Path, ...]
    run_fd: int
    lock_fds: tuple[int, ...]


def open_folders(home: Path) -> Folders:
    """Make the folders of a home, keep the locks we hold and take the others.

    Raises:
        HeldError: another kernel holds the home.
        OSError: a folder cannot be made, or is not ours.
    """
    run = home / "run"
    (home / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    run_fd = open_run(home)
    arenas = tuple(_arena_folders(home))
    locked = [run, *arenas]
    held = find_held(locked)
    lock_fds = tuple(held[folder] if folder in held else take_lock(folder) for folder in locked)
    return Folders(home, arenas, run_fd, lock_fds)


def open_run(home: Path) -> int:
    """Make HOME/run if it is not there, for us alone, and return its descriptor.

    Raises:
        OSError: it cannot be made or opened.
    """
    run = home / "run"
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    run_fd = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    os.fchmod(run_fd, 0o700)
    return run_fd


def arena_places(home: Path, user: int) -> tuple[Path, Path]:
    """Return the folders the arenas of a home may lie in, best first."""
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    return SHARED_MEMORY / f"molt-{user}-{digest}", home / "data" / "arenas"


def belongs_to(folder: Path, home: Path) -> bool:
    """Tell whether arenas in a folder are this home's, and not of one that was deleted."""
    return _mark_in(folder) in (b"", _mark_in(home / "data"))


def _mark_in(folder: Path) -> bytes:
    try:
        return (folder / HOME_MARK).read_bytes()[:4096]
    except OSError:
        return b""


def _arena_folders(home: Path) -> list[Path]:
    in_memory, in_data = arena_places(home, os.getuid())
    folders = [in_data]
    if SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK):
        folders.insert(0, in_memory)
    for folder in folders:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
            raise PermissionError(1, "it is not ours", str(folder))
    return folders
