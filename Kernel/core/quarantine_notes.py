"""Why what is in quarantine is there, since when, and of which mutation it is.

Owns: these words, for people who ask and for the next kernel. Does not own: what is in quarantine
(the registry of the world), the memory that they are kept in (`Kernel/memory`). The ledger has it
all, too: what finds no room is left out.
"""

import json
from collections.abc import Collection
from typing import Any, Final

from Kernel.memory.context_memory import ContextMemory, Priority
from Kernel.memory.contexts import QUARANTINE
from Kernel.ports.cell_notes import CellNotes
from Kernel.ports.clock import Clock

WHY_CHARS: Final = 400
MARK: Final = "why."
"""Stands in the name of a note of an earlier version, which kept each in a file."""
_UNKNOWN: Final[dict[str, Any]] = {"why": "", "mutation_id": "", "since": None}


class QuarantineNotes:
    """Those of one zone."""

    def __init__(self, zone: str, memory: ContextMemory, clock: Clock) -> None:
        self._zone = zone
        self._memory = memory
        self._clock = clock

    def of(self, code_hash: str) -> dict[str, Any]:
        """Return what is known of a version; what the memory holds is a file's word."""
        told = self._memory.get(QUARANTINE, self._key(code_hash), self._clock.now_s())
        return _parse(told) or _UNKNOWN

    def owns(self, name: str) -> bool:
        """Tell whether a note is one of these, of an earlier version."""
        return name.startswith(f"{self._zone}.{MARK}")

    def keep(
        self, code_hash: str, why: str, mutation_id: str, tick: int, known: Collection[str]
    ) -> None:
        """Keep why a version is there; of others than `known` nothing is kept any more."""
        now_s, mine = self._clock.now_s(), self._key("")
        stay = {self._key(each) for each in (*known, code_hash)}
        for key in self._memory.entries(QUARANTINE, now_s):
            if key.startswith(mine) and key not in stay:
                self._memory.forget(QUARANTINE, key)
        told = {"why": why[:WHY_CHARS], "mutation_id": mutation_id, "since": tick}
        self._memory.put(QUARANTINE, self._key(code_hash), told, now_s, Priority.HIGH)

    def take(self, name: str, data: bytes, notes: CellNotes) -> None:
        """Take up a note of an earlier version, and delete it, torn or not."""
        try:
            told = _parse(json.loads(data))
        except (ValueError, RecursionError):
            told = None
        if told is not None:
            key = self._key(name.removeprefix(f"{self._zone}.{MARK}"))
            self._memory.put(QUARANTINE, key, told, self._clock.now_s(), Priority.HIGH)
        notes.forget(name)

    def _key(self, code_hash: str) -> str:
        return f"{self._zone}/{code_hash}"


def _parse(told: Any) -> dict[str, Any] | None:
    if not isinstance(told, dict):
        return None
    why, mutation_id, since = (told.get(key) for key in ("why", "mutation_id", "since"))
    if type(why) is not str or type(mutation_id) is not str or type(since) is not int:
        return None
    return {"why": why[:WHY_CHARS], "mutation_id": mutation_id[:64], "since": since}
