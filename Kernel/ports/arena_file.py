"""Arena files: where they lie, whether one can be used, and mapping one for the kernel.

Owns: the folder in shared memory, setting a damaged file aside, the kernel's own mapping, the
side page and the mutex. Does not own: which folder that is (`Kernel/contract/places.py`), what the
words mean (`Kernel/contract/arena.py`), making a world's columns (a founder process does).
"""

import contextlib
import mmap
import os
import secrets
import shlex
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from Kernel.contract.arena import ArenaWords, Header, Side, check_arena
from Kernel.contract.errors import ArenaError, CodecError, ConfigError
from Kernel.contract.founding_report import (
    REPORT_BYTES_MAX,
    FoundingReport,
    parse_report,
    report_path,
)
from Kernel.contract.places import (
    HOME_MARK,
    SHARED_MEMORY,
    arena_name,
    arena_places,
    plan_set_aside,
)
from Kernel.contract.robust_mutex import MUTEX_BYTES, RobustMutex
from Kernel.contract.trait_registry import TraitRow, read_registry
from Kernel.ports.disk import refuse_folder

FOLDER_MODE = 0o700
ROOM_BYTES = 4 * mmap.PAGESIZE


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

    def take_report(self, folders: list[Path], zone: str) -> FoundingReport | None:
        """Return what a founder has told, once."""

    def why_elsewhere(self, path: Path, folders: list[Path]) -> str:
        """Return why an arena is not in shared memory, "" when it is."""

    def renew_mutex(self, arena: ArenaHandle) -> None:
        """Put a fresh mutex in the place of one that nobody has any more; see `renew_mutex`."""

    def is_deleted(self, arena: ArenaHandle) -> bool:
        """Tell whether the file of an arena has no name any more."""

    def traits(self, arena: ArenaHandle) -> list[TraitRow]:
        """Return the registry of traits as the committed tick has it, by slot."""

    def close(self, arena: ArenaHandle) -> None:
        """Close the descriptors of an arena that the world has left; its words stay readable."""


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

    def take_report(self, folders: list[Path], zone: str) -> FoundingReport | None:
        """Return what a founder has told, once."""
        return take_report(folders, zone)

    def why_elsewhere(self, path: Path, folders: list[Path]) -> str:
        """Return why an arena is not in shared memory, "" when it is."""
        return why_elsewhere(path, folders)

    def renew_mutex(self, arena: ArenaHandle) -> None:
        """Put a fresh mutex in the place of one that nobody has any more; see `renew_mutex`."""
        renew_mutex(arena)

    def is_deleted(self, arena: ArenaHandle) -> bool:
        """Tell whether the file of an arena has no name any more."""
        return is_deleted(arena)

    def traits(self, arena: ArenaHandle) -> list[TraitRow]:
        """Return the registry of traits as the committed tick has it, by slot."""
        return read_registry(arena.words)

    def close(self, arena: ArenaHandle) -> None:
        """Close the descriptors of an arena that the world has left; its words stay readable."""
        for fd in (arena.fd, arena.read_only_fd, arena.side_fd, arena.mutex_fd):
            os.close(fd)


def arena_folders(home: Path) -> list[Path]:
    """Make the folders an arena may lie in and return them, best first.

    They are those of `arena_places`, without shared memory where it cannot be written or has not
    even room for a lock. A folder that holds an arena stays, however full.

    Raises:
        ConfigError: the folder in shared memory belongs to someone else, or the home's cannot be
            made.
    """
    in_memory, in_data = arena_places(home, os.getuid())
    folders = []
    if SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK):
        with contextlib.suppress(OSError):
            _make_own(in_memory)
            if any(in_memory.glob("*.arena")) or _has_room(in_memory):
                folders.append(in_memory)
    try:
        _make_own(in_data)
    except OSError as error:
        raise refuse_folder(in_data, error) from error
    return [*folders, in_data]


def _make_own(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or folder.is_symlink():
        raise ConfigError(
            f"cannot use {folder}: it belongs to user {status.st_uid}, not {os.getuid()}",
            f"ls -ld {shlex.quote(str(folder))}",
        )
    if stat.S_IMODE(status.st_mode) != FOLDER_MODE:
        folder.chmod(FOLDER_MODE)


def _has_room(folder: Path) -> bool:
    """Tell whether small files fit: the lock and the mark need a page each."""
    probe = folder / ".room"
    try:
        fd = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(fd, 0, ROOM_BYTES)
        finally:
            os.close(fd)
            probe.unlink()
    except OSError:
        return False
    return True


def why_elsewhere(path: Path, folders: Sequence[Path]) -> str:
    """Return why an arena is not in shared memory, "" when it is.

    Args:
        folders: those of `arena_folders`.
    """
    if len(folders) > 1 and path.parent == folders[0]:
        return ""
    best = folders[0] if len(folders) > 1 else SHARED_MEMORY
    try:
        status = os.statvfs(SHARED_MEMORY)
        free = f"{status.f_bavail * status.f_frsize} bytes are free there"
    except OSError as error:
        free = error.strerror or str(error)
    return f"cannot use {best}: {free}; the arena is at {path}, where a tick may wait for the disk"


def is_deleted(arena: ArenaHandle) -> bool:
    """Tell whether the file has no name any more: the world goes on, the next boot has no arena."""
    return os.fstat(arena.fd).st_nlink == 0


def claim_folders(home: Path, folders: list[Path]) -> list[Path]:
    """Set arenas aside that belong to a home which was deleted; return where they are now.

    A folder in shared memory is found by the path of its home. When that home was deleted and a
    new one made in its place, the old world must not go on in it.

    Raises:
        ConfigError: a mark cannot be written.
    """
    mark = home / "data" / HOME_MARK
    strangers = []
    try:
        if not mark.exists():
            mark.write_text(secrets.token_hex(16))
        own = mark.read_text()
        for folder in folders:
            theirs = folder / HOME_MARK
            known = theirs.exists() and theirs.read_text() == own
            if theirs.exists() and not known:
                strangers += [set_aside(arena) for arena in folder.glob("*.arena")]
            if not known:  # else a full file system would refuse what is there already
                theirs.write_text(own)
    except OSError as error:
        raise refuse_folder(home / "data", error) from error
    return strangers


def find_arena(folders: list[Path], zone: str) -> Path | None:
    """Return the arena file of a zone, or None when there is none. Unfinished ones are removed."""
    found = None
    for folder in folders:
        path = folder / arena_name(zone)
        with contextlib.suppress(OSError):  # on a disk that turned read-only it stays
            path.with_name(f"{path.name}.new").unlink()
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
        mutex_fd = _keep(opened, _new_mutex())
        read_only_fd = _keep(opened, os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        opened.pop_all()  # all is well: they stay open
    return ArenaHandle(path, fd, read_only_fd, words, side_fd, side, mutex_fd)


def renew_mutex(arena: ArenaHandle) -> None:
    """Put a fresh mutex in the place of one that nobody has any more.

    It lies in memory of those who wrote the arena, and they may have left anything there: a word
    that names nobody would have every heir wait for ever.

    Raises:
        OSError: the machine has no descriptor or memory left.
    """
    fresh = _new_mutex()
    os.close(arena.mutex_fd)
    arena.mutex_fd = fresh


def _new_mutex() -> int:
    """Return the descriptor of mutexes that nobody holds."""
    fd = os.memfd_create("molt-mutex", os.MFD_CLOEXEC)
    try:
        os.ftruncate(fd, MUTEX_BYTES)
        RobustMutex(fd).initialise()
    except OSError:
        os.close(fd)
        raise
    return fd


def take_report(folders: Sequence[Path], zone: str) -> FoundingReport | None:
    """Return what a founder has told, once; None when it has told nothing that can be read."""
    found = None
    for folder in folders:
        path = report_path(folder, zone)
        with contextlib.suppress(OSError, CodecError), path.open("rb") as file:
            found = found or parse_report(file.read(REPORT_BYTES_MAX))
        with contextlib.suppress(OSError):
            path.unlink()
    return found


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
    """Rename a file that cannot be used, so that nothing is lost; see `plan_set_aside`."""
    name, gone = plan_set_aside(path)
    target = path.with_name(name)
    path.rename(target)
    for each in gone:
        path.with_name(each).unlink()
    return target
