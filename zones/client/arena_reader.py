"""One arena file mapped read-only, and copies of its committed tick.

Owns: noticing a newer file, when a copy is whole. Does not own: which file is a home's, mapping
and checking it (`Kernel/contract/arena_lookup.py`), what the bytes mean (`schema.py`), how they
are shown (`frame.py`).
A world may write all the while. It is never waited for, locked or slowed: a copy that a commit
has torn is thrown away and made again.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from Kernel.contract.arena import STATE_BYTES, Header, State
from Kernel.contract.arena_lookup import map_arena
from Kernel.contract.errors import ArenaError
from zones.client.schema import Array, Column, parse_schema

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
        self.words, status = map_arena(path)
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
