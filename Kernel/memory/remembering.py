"""Keep the kernel's memory over a restart: read once at a boot, written when it has changed.

Owns: when a snapshot is read and written, and what is told of it. Does not own: the memory
(`context_memory.py`), the file (`Kernel/ports/memory_file.py`).

A snapshot that is torn or hostile is refused, told and set aside, and the kernel begins with an
empty memory: nothing in it is needed to run. It is written in the round in which something has
changed, at most every SAVE_S; a disk that takes none costs the memory alone, and is told once.
"""

from typing import Final

from Kernel.contract.errors import CodecError
from Kernel.core.events import EventLog
from Kernel.memory.context_memory import ContextMemory, pack_memory, unpack_memory
from Kernel.memory.contexts import BUDGETS, CONTEXTS, new_memory
from Kernel.ports.memory_file import MemoryFile

SAVE_S: Final = 0.1
EXPIRE_S: Final = 1.0
SAVE_AGAIN_S: Final = 5.0
"""How long to wait before a disk that took no more is tried again."""


def recall(file: MemoryFile, log: EventLog, now_s: float) -> ContextMemory:
    """Return what the kernel before has left, an empty memory where that cannot be used."""
    data = file.load()
    if data is None:
        return new_memory()
    try:
        memory = unpack_memory(data, CONTEXTS, now_s)
    except CodecError as error:
        aside = file.set_aside()
        log.warning("memory.refused", why=error.message, bytes=len(data), path=aside)
        return new_memory()
    if len(memory):
        entries = {name: len(memory.entries(name, now_s)) for name in memory.contexts}
        log.info("memory.recalled", entries={name: many for name, many in entries.items() if many})
    return memory


class Remembering:
    """That of one kernel.

    Attributes:
        memory: what it remembers.
    """

    def __init__(self, memory: ContextMemory, file: MemoryFile, log: EventLog) -> None:
        self.memory = memory
        self._file = file
        self._log = log
        self._saved = memory.changes
        self._due_s = self._expire_s = 0.0

    def look(self, now_s: float) -> None:
        """One round: let go of what has ended, write what has changed."""
        if now_s >= self._expire_s:
            self._expire_s = now_s + EXPIRE_S
            self.memory.expire(now_s)
        if self.memory.changes != self._saved and now_s >= self._due_s:
            self._save(now_s)

    def close(self, now_s: float) -> None:
        """Write it a last time: who stops a kernel in order lets each zone begin anew."""
        self.memory.clear(BUDGETS)
        if self.memory.changes != self._saved:
            self._save(now_s)

    def _save(self, now_s: float) -> None:
        data = pack_memory(self.memory, now_s)
        try:
            self._file.save(data)
        except OSError as error:
            self._due_s = now_s + SAVE_AGAIN_S
            why = error.strerror or str(error)
            if not self.memory.unsaved_why:
                what = "what the next kernel is to remember"
                self._log.warning("note.not_written", what=what, why=why, hint="molt doctor")
            self.memory.unsaved_why = why
            return
        self.memory.unsaved_why = ""
        self._saved, self._due_s = self.memory.changes, now_s + SAVE_S
