"""One arena file mapped read-only, and copies of its committed tick.

Owns: finding the file of a home, mapping and checking it, when a copy is whole. Does not own:
what the bytes mean (`schema.py`), how they are shown (`frame.py`).
A world may write all the while. It is never waited for, locked or slowed: a copy that a commit
has torn is thrown away and made again.
"""

import mmap
import os
import shlex
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from Kernel.contract.arena import STATE_BYTES, ArenaWords, Header, State, check_arena
from Kernel.contract.errors import ArenaError, NoArena
from Kernel.contract.places import HOME_MARK, arena_name, arena_places
from zones.client.schema import Array, Column, parse_schema

CHECKS_MAX: Final = 10
COPIES_MAX: Final = 10
NAP_S: Final = 0.0002
NAPS_MAX: Final = 250
"""After a torn copy the next commit is waited for, 50 ms at most: a slower tick gives time enough
for a copy anyway."""


class ArenaReader:
    """One arena file, mapped read-only. Nothing needs closing: the mapping goes with its views.

    Args:
        path: the file.

    Attributes:
        arena: hex id of the arena.
        words: its header and state words; storing one raises TypeError.
        schema: what it says of itself.

    Raises:
        NoArena: there is no such file.
        ArenaError: it may not be read, is no arena, is damaged, or its schema cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.words, status = _map(path)
        self._identity = (status.st_dev, status.st_ino)
        assert self.words.layout is not None, "check_arena has accepted it"
        self._size = self.words.layout.buffer_bytes
        try:
            self.schema = parse_schema(self.words.schema(), self._size)
        except ArenaError as error:
            raise ArenaError(f"{error.message} (in {path})", "molt doctor world") from error
        self.arena = self.words.get_bytes(Header.ARENA_ID, 16).hex()
        # Kept from read to read: pages that are there already make a copy twice as fast.
        self._scratch = np.empty(self._size, np.uint8)

    def is_current(self) -> bool:
        """Return whether the path still leads to this file, not to a newer one or to none."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def view(self, tick: int) -> Array:
        """Return the buffer of `tick` as read-only bytes; no copy, so it changes as it is written.

        It holds that tick from its commit until the world begins the tick after the next.
        """
        return np.frombuffer(
            self.words.memory, np.uint8, self._size, self.words.buffer_offset(tick)
        )

    def copy(self, columns: Iterable[Column]) -> tuple[int, Array]:
        """Copy the state block and these columns of the committed tick.

        When is it whole? Tick T+1 is written into the other buffer; T's own is written again by
        T+2, which begins only after the commit word says T+1. So if the word still says T after
        the copy, every byte is of tick T, whoever died or took over meanwhile.

        Returns:
            The tick, and a buffer's bytes in which only what was asked for has meaning. The next
            copy is made into the same memory.

        Raises:
            ArenaError: COPIES_MAX copies were torn, or the buffer is not of the tick committed.
        """
        parts = [(0, STATE_BYTES), *((each.offset, each.size_bytes) for each in columns)]
        for _ in range(COPIES_MAX):
            tick = self.words.get(Header.COMMIT)
            buffer = self.view(tick)
            for start, size in parts:
                self._scratch[start : start + size] = buffer[start : start + size]
            if self.words.get(Header.COMMIT) == tick:
                break
            self._wait_commit()
        else:
            size = sum(size for _, size in parts)
            raise ArenaError(
                f"cannot read a whole tick of {self.path}: {COPIES_MAX} copies of {size} bytes "
                f"were torn by the next commit, the last at tick {tick}",
                "read fewer columns, or molt pause",
            )
        found = int(self._scratch[State.TICK : State.TICK + 8].view("<u8")[0])
        if found != tick:
            raise ArenaError(
                f"cannot read tick {tick} of {self.path}: its buffer says {found}",
                "molt doctor world",
            )
        return tick, self._scratch

    def _wait_commit(self) -> None:
        """Wait for the next commit, whose buffer then holds for a whole period."""
        tick = self.words.get(Header.COMMIT)
        for _ in range(NAPS_MAX):
            if self.words.get(Header.COMMIT) != tick:
                return
            time.sleep(NAP_S)


def find_arena(home: Path, zone: str) -> Path:
    """Return the arena file of a zone of a home, as its kernel would find it.

    Raises:
        NoArena: it has none.
        ArenaError: a folder in shared memory belongs to somebody else.
    """
    mark = home / "data" / HOME_MARK
    for folder in arena_places(home, os.getuid()):
        if not os.path.lexists(folder):
            continue
        if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
            raise ArenaError(
                f"cannot use {folder}: it is no folder of user {os.getuid()}", f"ls -ld {folder}"
            )
        path = folder / arena_name(zone)
        # A home that was deleted leaves its arenas in shared memory; they are not this home's.
        if path.is_file() and _text(folder / HOME_MARK) in ("", _text(mark)):
            return path
    raise NoArena(
        f"cannot find an arena of '{zone}' in {home}: no world lives there, "
        "or the machine was rebooted and it is in data/snapshots only",
        f"python manifest.py --home {shlex.quote(str(home))}",
    )


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _map(path: Path) -> tuple[ArenaWords, os.stat_result]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise NoArena(f"cannot find {path}: its world is gone", "molt status") from error
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}", f"ls -l {path}") from error
    try:
        status = os.fstat(fd)
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
