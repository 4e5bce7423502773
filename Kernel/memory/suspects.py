"""The trait that a world's last fault speaks against, for a world that has lost its arena.

Owns: the form of the entry. Does not own: what is evidence and what is proof
(`Kernel/core/blame.py`), the words of an arena, which are asked first (`Kernel/core/inquest.py`).

A suspect lies in the arena, where it changes with the words it is about, and outlives the kernel
there. It does not outlive the arena: one that is restored from a snapshot, or moved into another
file, knows of none, and the ticks that follow are the same. So it is remembered here as well, by
the code in the slot: other code there has done nothing yet.
"""

from typing import Any, Final

from Kernel.core.blame import Suspect
from Kernel.memory.context_memory import ContextMemory, Priority
from Kernel.memory.contexts import SUSPECTS

_COUNT_MAX: Final = 2**63 - 1


def remember_suspect(
    memory: ContextMemory, zone: str, suspect: Suspect, code_hash: str, now_s: float
) -> None:
    """Keep whom the newest evidence speaks against; core code, of no hash, is not remembered."""
    if not code_hash:
        memory.forget(SUSPECTS, zone)
        return
    told = {
        "code_hash": code_hash,
        "tick": suspect.tick,
        "flight": suspect.flight,
        "times": suspect.times,
    }
    memory.put(SUSPECTS, zone, told, now_s, Priority.HIGH)


def recall_suspect(
    memory: ContextMemory, zone: str, code_hash: str, now_s: float
) -> Suspect | None:
    """Return what was known of the code that runs in a slot; what is kept is a file's word."""
    told: Any = memory.get(SUSPECTS, zone, now_s)
    if not isinstance(told, dict) or told.get("code_hash") != code_hash:
        return None
    counts: list[Any] = [told.get(key) for key in ("tick", "flight", "times")]
    if not all(map(_is_count, counts)):
        return None
    tick, flight, times = counts
    # One piece of evidence at the most: a file alone convicts nobody.
    return Suspect(tick, flight, min(times, 1))


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _COUNT_MAX
