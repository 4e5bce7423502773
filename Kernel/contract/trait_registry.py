"""The registry of traits in an arena, read without numpy: what each trait slot of a world holds.

Owns: reading the `slot_` columns by the schema in the file. Does not own: writing them
(`zones/world/registry.py`). Standard library only. A world may have written anything there: what is
out of range is no row, and nothing is read outside of the buffer.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.arena import ArenaWords, Header
from Kernel.contract.inputs import SLOTS_MAX, STATES, TIERS

EMPTY: Final = "empty"
ACTIVE: Final = "active"
STANDBY: Final = "standby"
QUARANTINED: Final = "quarantined"
SUSPENDED: Final = "suspended"
STATUSES: Final = (EMPTY, ACTIVE, STANDBY, QUARANTINED, SUSPENDED)
"""By the number in `slot_status`. Standby: the version before, which a quarantine goes back to.
Suspended: the process that computes ticks has not got its code."""
ACTIVE_MAX: Final = 30
_RANK: Final = (ACTIVE, SUSPENDED, QUARANTINED, STANDBY)
_NUMBERS: Final = {"|u1": "B", "<u4": "<I", "<i8": "<q"}


@dataclass(frozen=True, slots=True)
class TraitRow:
    """What one slot holds.

    Args:
        hash: sha256 of the source, hex.
        tier: one of `inputs.TIERS`; state: one of `inputs.STATES`.
        status: one of STATUSES but EMPTY.
        memory: places of the trait memory that it takes.
        since_tick: the tick at which it came into its slot.
        calls, faults, fuel: of all carriers so far; fuel in steps of its own tier.
        before: slot of the version before, 0 for none.
    """

    slot: int
    name: str
    version: int
    hash: str
    tier: str
    state: str
    status: str
    memory: int = 0
    since_tick: int = 0
    calls: int = 0
    faults: int = 0
    before: int = 0
    fuel: int = 0

    def fields(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "name": self.name,
            "version": self.version,
            "tier": self.tier,
            "state": self.state,
            "status": self.status,
            "applied_at_tick": self.since_tick,
            "slot": self.slot,
            "hash": self.hash,
            "memory": self.memory,
            "calls": self.calls,
            "faults": self.faults,
            "fuel": self.fuel,
        }


def read_registry(words: ArenaWords) -> list[TraitRow]:
    """Return what the slots hold as the committed tick has it, by slot.

    Args:
        words: accepted by `check_arena`; not changed. None of its traits where the world is of a
            build without any.
    """
    try:
        columns = _columns(words)
        return [
            row for slot in range(1, SLOTS_MAX) if (row := _row(words, columns, slot)) is not None
        ]
    except (KeyError, TypeError, ValueError, IndexError, RecursionError, struct.error):
        return []


def main_rows(rows: list[TraitRow]) -> dict[str, TraitRow]:
    """Return of each name the row that people mean: that which runs, or should."""
    found: dict[str, TraitRow] = {}
    for row in sorted(rows, key=lambda each: _RANK.index(each.status), reverse=True):
        found[row.name] = row
    return found


def _columns(words: ArenaWords) -> dict[str, Mapping[str, Any]]:
    told = json.loads(words.schema())["columns"]
    found = {each["name"]: each for each in told if each.get("rows") == "slot"}
    size = words.get(Header.BUFFER_BYTES) if words.layout is None else words.layout.buffer_bytes
    for column in found.values():
        offset, count, width = (column[key] for key in ("offset", "count", "width"))
        item = struct.calcsize(_NUMBERS[column["type"]])
        if count < SLOTS_MAX or not 0 <= offset <= size - count * width * item:
            raise ValueError("a column lies outside of the buffer")
    return found


def _row(words: ArenaWords, columns: Mapping[str, Mapping[str, Any]], slot: int) -> TraitRow | None:
    start = words.buffer_offset(words.get(Header.COMMIT))

    def number(name: str) -> int:
        column = columns[name]
        form = _NUMBERS[column["type"]]
        place = start + column["offset"] + slot * struct.calcsize(form)
        value: int = struct.unpack_from(form, words.memory, place)[0]
        return value

    def text(name: str) -> bytes:
        """Return the bytes of a row that lie value after value of all rows."""
        column = columns[name]
        first, count = start + column["offset"] + slot, column["count"]
        return bytes(
            words.memory[first : first + count * column["width"] : count][: column["width"]]
        )

    status = STATUSES[number("slot_status")]
    if status == EMPTY:
        return None
    return TraitRow(
        slot=slot,
        name=text("slot_name").rstrip(b"\0").decode(errors="replace"),
        version=number("slot_version"),
        hash=text("slot_hash").hex(),
        tier=TIERS[number("slot_tier")],
        state=STATES[number("slot_state")],
        status=status,
        memory=number("slot_memory_count"),
        since_tick=max(0, number("slot_since")),
        calls=max(0, number("slot_calls")),
        faults=max(0, number("slot_faults")),
        before=number("slot_before"),
        fuel=max(0, number("slot_fuel")),
    )
