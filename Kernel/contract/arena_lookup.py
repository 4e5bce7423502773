"""Finding the arena of a home and mapping it read-only, for processes besides the kernel.

Owns: which file is the arena of a home (the rule of `HOME_MARK`), mapping and checking one while a
world writes. Does not own: the folders' names (`places.py`), what a reader does with the words.
Looking makes nothing. Standard library only.
"""

import mmap
import os
import shlex
import stat
from pathlib import Path
from typing import Final

from Kernel.contract.arena import ArenaWords, Header, check_arena
from Kernel.contract.errors import ArenaError, NoArena
from Kernel.contract.places import HOME_MARK, arena_name, arena_places

CHECKS_MAX: Final = 10
MARK_BYTES_MAX: Final = 4096


def find_arena(home: Path, zone: str) -> Path:
    """Return the arena file of a zone of a home, as its kernel would find it.

    Raises:
        NoArena: it has none.
        ArenaError: a folder in shared memory belongs to somebody else.
    """
    mark = _mark_in(home / "data")
    for folder in arena_places(home, os.getuid()):
        if not os.path.lexists(folder):
            continue
        if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
            raise ArenaError(
                f"cannot use {folder}: it is no folder of user {os.getuid()}",
                f"ls -ld {shlex.quote(str(folder))}",
            )
        path = folder / arena_name(zone)
        # A home that was deleted leaves its arenas in shared memory; they are not this home's.
        if path.is_file() and _mark_in(folder) in (b"", mark):
            return path
    raise NoArena(
        f"cannot find an arena of '{zone}' in {home}: no world lives there, "
        "or the machine was rebooted and it is in data/snapshots only",
        f"python manifest.py --home {shlex.quote(str(home))}",
    )


def _mark_in(folder: Path) -> bytes:
    path = folder / HOME_MARK
    try:
        with path.open("rb") as file:
            return file.read(MARK_BYTES_MAX)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ArenaError(
            f"cannot read {path}: {error.strerror}", f"ls -l {shlex.quote(str(path))}"
        ) from error


def map_arena(path: Path) -> tuple[ArenaWords, os.stat_result]:
    """Map an arena file read-only and check it; a world may write it meanwhile.

    Raises:
        NoArena: there is no such file.
        ArenaError: it may not be read, is a link, is no arena or is damaged.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise NoArena(f"cannot find {path}: its world is gone", "molt status") from error
    except OSError as error:
        raise ArenaError(
            f"cannot read {path}: {error.strerror}", f"ls -l {shlex.quote(str(path))}"
        ) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise ArenaError(
                f"cannot use {path}: it is no regular file", f"ls -l {shlex.quote(str(path))}"
            )
        if status.st_size < mmap.PAGESIZE:
            raise ArenaError(f"cannot use {path}: it is only {status.st_size} bytes")
        words = ArenaWords(memoryview(mmap.mmap(fd, status.st_size, prot=mmap.PROT_READ)))
    except OSError as error:
        raise ArenaError(f"cannot map {path}: {error.strerror}", "free -m") from error
    finally:
        os.close(fd)
    _check(words, str(path))
    return words, status


def _check(words: ArenaWords, path: str) -> None:
    """Check an arena that may be written at the same time.

    `check_arena` compares the commit word with the tick in its buffer. A world that commits and
    goes on between the two looks damaged; then the commit word has moved, and it is looked again.
    """
    for attempt in range(CHECKS_MAX):
        tick = words.get(Header.COMMIT)
        try:
            check_arena(words, path)
        except ArenaError:
            if attempt == CHECKS_MAX - 1 or words.get(Header.COMMIT) == tick:
                raise
        else:
            return
