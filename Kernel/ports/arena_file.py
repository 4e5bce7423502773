"""Arena files: where they lie, whether one can be used, and mapping one for the kernel.

Owns: the folder in shared memory, setting a damaged file aside, the kernel's own mapping, the
side page and the mutex. Does not own: which folder that is (`Kernel/contract/places.py`), what the
words mean (`Kernel/contract/arena.py`), making a world's columns (a founder process does).
"""

import contextlib
import mmap
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from Kernel.contract.arena import ArenaWords, Header, Side, check_arena
from Kernel.contract.errors import ArenaError, ConfigError
from Kernel.contract.places import HOME_MARK, SHARED_MEMORY, arena_name, arena_places
from Kernel.contract.robust_mutex import MUTEX_BYTES, RobustMutex

SET_ASIDE_MAX = 5


@dataclass(slots=True)
class ArenaHandle:
    """One arena as the kernel holds it for one boot. Descriptors stay open until it ends."""

    path: Path
    fd: int
    read_only_fd: int
    words: ArenaWords
    side_fd: int
    side: memoryview
    mutex_fd: int


class ArenaFiles(Protocol):
    """What the kernel does with arena files; a simulation gives its own."""

    def find(self, folders: list[Path], zone: str) -> Path | None:
        """Return the arena file of a zone, or None; unfinished ones are removed."""

    def open(self, path: Path, schema_hash: bytes) -> ArenaHandle:
        """Map an arena, make its side page and mutex for this boot; see `open_arena`."""

    def set_aside(self, path: Path) -> Path:
        """Rename a file that cannot be used and return where it is now."""


class SystemArenaFiles:
    """The real ones."""

    def find(self, folders: list[Path], zone: str) -> Path | None:
        """Return the arena file of a zone, or None; unfinished ones are removed."""
        return find_arena(folders, zone)

    def open(self, path: Path, schema_hash: bytes) -> ArenaHandle:
        """Map an arena, make its side page and mutex for this boot; see `open_arena`."""
        return open_arena(path, schema_hash)

    def set_aside(self, path: Path) -> Path:
        """Rename a file that cannot be used and return where it is now."""
        return set_aside(path)


def arena_folders(home: Path) -> list[Path]:
    """Make the folders an arena may lie in and return them, best first.

    They are those of `arena_places`, without shared memory where it cannot be written.

    Raises:
        ConfigError: the folder in shared memory belongs to someone else.
    """
    in_memory, in_data = arena_places(home, os.getuid())
    folders = [in_data]
    if SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK):
        folders.insert(0, in_memory)
    for folder in folders:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if status.st_uid != os.getuid() or folder.is_symlink():
            raise ConfigError(
                f"cannot use {folder}: it belongs to user {status.st_uid}, not {os.getuid()}",
                f"ls -ld {folder}",
            )
        folder.chmod(0o700)
    return folders


def claim_folders(home: Path, folders: list[Path]) -> list[Path]:
    """Set arenas aside that belong to a home which was deleted; return where they are now.

    A folder in shared memory is found by the path of its home. When that home was deleted and a
    new one made in its place, the old world must not go on in it.
    """
    mark = home / "data" / HOME_MARK
    if not mark.exists():
        mark.write_text(secrets.token_hex(16))
    own = mark.read_text()
    strangers = []
    for folder in folders:
        theirs = folder / HOME_MARK
        if theirs.exists() and theirs.read_text() != own:
            strangers += [set_aside(arena) for arena in folder.glob("*.arena")]
        theirs.write_text(own)
    return strangers


def find_arena(folders: list[Path], zone: str) -> Path | None:
    """Return the arena file of a zone, or None when there is none. Unfinished ones are removed."""
    found = None
    for folder in folders:
        path = folder / arena_name(zone)
        path.with_name(f"{path.name}.new").unlink(missing_ok=True)
        if found is None and path.is_file():
            found = path
    return found


def open_arena(path: Path, schema_hash: bytes) -> ArenaHandle:
    """Map an arena, make its side page and mutex for this boot.

    Raises:
        ArenaError: not an arena, damaged, or its columns are not those of `schema_hash`.
        OSError: the machine has no descriptor or memory left.
    """
    with contextlib.ExitStack() as opened:
        fd = _keep(opened, os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW))
        size = os.fstat(fd).st_size
        if size < mmap.PAGESIZE:
            raise ArenaError(f"cannot use {path}: it is only {size} bytes")
        words = ArenaWords(memoryview(mmap.mmap(fd, size)))
        check_arena(words, str(path))
        if words.get_bytes(Header.SCHEMA_HASH, 32) != schema_hash:
            raise ArenaError(f"cannot use {path}: its columns are not those of this build")
        side_fd, side = _open_side(path.with_suffix(".side"), words.get_bytes(Header.ARENA_ID, 16))
        _keep(opened, side_fd)
        mutex_fd = _keep(opened, os.memfd_create("molt-mutex", os.MFD_CLOEXEC))
        os.ftruncate(mutex_fd, MUTEX_BYTES)
        RobustMutex(mutex_fd).initialise()
        read_only_fd = _keep(opened, os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        opened.pop_all()  # all is well: they stay open
    return ArenaHandle(path, fd, read_only_fd, words, side_fd, side, mutex_fd)


def _keep(opened: contextlib.ExitStack, fd: int) -> int:
    """Have a descriptor closed if what follows fails."""
    opened.callback(os.close, fd)
    return fd


def _open_side(path: Path, arena_id: bytes) -> tuple[int, memoryview]:
    """Map the side page of an arena; a fresh one unless it already belongs to this very arena.

    It is kept over boots for the acknowledgements: without them the world would have to take all
    it ever told for unread, and hold inputs back until the archive has spoken.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    os.posix_fallocate(fd, 0, Side.BYTES)  # a hole would be a SIGBUS when memory is full
    side = memoryview(mmap.mmap(fd, Side.BYTES))
    if bytes(side[Side.ARENA_ID : Side.ARENA_ID + 16]) != arena_id:
        side[:] = bytes(Side.BYTES)
        side[Side.ARENA_ID : Side.ARENA_ID + 16] = arena_id
    side[Side.DRILL] = 0
    return fd, side


def set_aside(path: Path) -> Path:
    """Rename a file that cannot be used, so that nothing is lost; keep the newest few."""
    stem = f"{path.name}.set-aside-"
    older = {
        int(each.name.removeprefix(stem)): each
        for each in path.parent.glob(f"{stem}*")
        if each.name.removeprefix(stem).isdecimal()
    }
    newest = max(older, default=0)
    target = path.with_name(f"{stem}{newest + 1}")
    path.rename(target)
    for number, each in older.items():
        if number <= newest + 1 - SET_ASIDE_MAX:
            each.unlink()
    return target
