"""Why what is in quarantine is there, since when, and of which mutation it is.

Owns: these words, kept in notes for people who ask and for the next kernel. Does not own: what is
in quarantine (the registry of the world), the files (`Kernel/ports/cell_notes.py`). The ledger has
it all, too: what cannot be written is left out.
"""

import json
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

from Kernel.ports.cell_notes import CellNotes

WHY_CHARS: Final = 400
MARK: Final = "why."
"""Stands in the name of such a note, behind the zone's."""
_UNKNOWN: Final[dict[str, Any]] = {"why": "", "mutation_id": "", "since": None}


class QuarantineNotes:
    """Those of one zone."""

    def __init__(self, zone: str, notes: CellNotes) -> None:
        self._prefix = f"{zone}.{MARK}"
        self._notes = notes
        self._whys: dict[str, dict[str, Any]] = {}

    def of(self, code_hash: str) -> dict[str, Any]:
        """Return what is known of a version."""
        return self._whys.get(code_hash, _UNKNOWN)

    def owns(self, name: str) -> bool:
        """Tell whether a note is one of these."""
        return name.startswith(self._prefix)

    def keep(
        self, code_hash: str, why: str, mutation_id: str, tick: int, known: Collection[str]
    ) -> None:
        """Keep why a version is there; of others than `known` nothing is kept any more."""
        for gone in self._whys.keys() - set(known) - {code_hash}:
            del self._whys[gone]
            self._notes.forget(self._prefix + gone)
        told = {"why": why[:WHY_CHARS], "mutation_id": mutation_id, "since": tick}
        self._whys[code_hash] = told
        with suppress(OSError):
            self._notes.keep(self._prefix + code_hash, json.dumps(told).encode())

    def take(self, name: str, data: bytes) -> None:
        """Take one up that a kernel before has left; one that is torn is deleted."""
        try:
            told = json.loads(data)
            why, since = str(told["why"])[:WHY_CHARS], int(told["since"])
            known = {"why": why, "mutation_id": str(told["mutation_id"])[:64], "since": since}
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            self._notes.forget(name)
            return
        self._whys[name.removeprefix(self._prefix)] = known
