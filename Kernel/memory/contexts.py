"""Which contexts the kernel's memory has, and how much each may hold.

Owns: the table, and telling what is in it. Does not own: the memory (`context_memory.py`), what is
put into each (its user).

What is not here, and why: mutations under guard and cells under way are notes of a file each
(`Kernel/ports/cell_notes.py`), written before an act that the next kernel must know of, so that one
that is harmed costs one.
"""

from typing import Any, Final

from Kernel.memory.context_memory import Context, ContextMemory

BUDGETS: Final = "budgets"
DEGRADED: Final = "degraded"
QUARANTINE: Final = "quarantine"
SUSPECTS: Final = "suspects"

CONTEXTS: Final = {
    BUDGETS: Context(
        "restarts that a zone's code has used up",
        entries_max=64,
        value_bytes_max=1024,
        keep_s=600.0,
    ),
    DEGRADED: Context("what does not work as it should", entries_max=128, value_bytes_max=1024),
    SUSPECTS: Context(
        "what the last fault of a world speaks against",
        entries_max=64,
        value_bytes_max=256,
        keep_s=3600.0,
    ),
    QUARANTINE: Context("why traits are in quarantine", entries_max=128, value_bytes_max=2048),
}
"""All of it fits into one snapshot (`SNAPSHOT_BYTES_MAX`), which is written whole."""


def new_memory() -> ContextMemory:
    """Return a memory with nothing in it."""
    return ContextMemory(CONTEXTS)


def memory_fields(memory: ContextMemory, now_s: float) -> dict[str, Any]:
    """Return what is remembered, as programs read it."""
    found = {name: memory.entries(name, now_s) for name in memory.contexts}
    return {
        "contexts": [
            {
                "name": name,
                "what": limits.what,
                "entries": len(found[name]),
                "entries_max": limits.entries_max,
                "keep_s": limits.keep_s,
            }
            for name, limits in memory.contexts.items()
        ],
        "entries": [
            {
                "context": name,
                "key": key,
                "value": entry.value,
                "priority": entry.priority.name.lower(),
                "age_s": round(now_s - entry.first_s, 1),
                "left_s": None if entry.until_s is None else round(entry.until_s - now_s, 1),
            }
            for name, entries in found.items()
            for key, entry in sorted(entries.items())
        ],
        "refused": memory.refused,
        "unsaved_why": memory.unsaved_why,
    }
