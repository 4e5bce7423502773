"""What the trait slots of an arena hold, from the bytes of a buffer.

Owns: which columns of the registry are read, and their form. Does not own: writing them
(`zones/world/registry.py`). An arena of a build without traits has none.
"""

from dataclasses import dataclass
from typing import Final

from Kernel.contract.inputs import STATES, TIERS
from Kernel.contract.trait_registry import EMPTY, STATUSES
from zones.client.schema import Array, Column, Schema

COLUMNS: Final = (
    "slot_status", "slot_name", "slot_version", "slot_tier", "slot_state", "slot_since",
    "slot_calls", "slot_faults",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CarriedTrait:
    """One version of a trait.

    Args:
        status: "active", "standby", "suspended", "quarantined".
        since_tick: the tick at which it came into its slot.
        calls, faults: of all carriers so far.
    """

    slot: int
    name: str
    version: int
    status: str
    tier: str
    state: str
    since_tick: int
    calls: int
    faults: int

    @property
    def bit(self) -> int:
        """Its bit in `trait_bits` and `deactivated_bits` of a Molbot."""
        return 1 << self.slot


def registry_columns(schema: Schema) -> tuple[Column, ...]:
    """Return the columns that `read_traits` reads; none where the arena lacks one of them."""
    found = tuple(schema.columns[name] for name in COLUMNS if name in schema.columns)
    return found if len(found) == len(COLUMNS) else ()


def read_traits(schema: Schema, buffer: Array) -> tuple[CarriedTrait, ...]:
    """Return what the slots hold, by slot.

    Args:
        buffer: u8, with `registry_columns`; not kept, not changed.
    """
    columns = registry_columns(schema)
    if not columns:
        return ()
    status, names, version, tier, state, since, calls, faults = (
        column.view(buffer) for column in columns
    )
    return tuple(
        CarriedTrait(
            slot=slot,
            name=names[slot].tobytes().rstrip(b"\0").decode(errors="replace"),
            version=int(version[slot]),
            status=_word(STATUSES, int(status[slot])),
            tier=_word(TIERS, int(tier[slot])),
            state=_word(STATES, int(state[slot])),
            since_tick=int(since[slot]),
            calls=int(calls[slot]),
            faults=int(faults[slot]),
        )
        for slot in range(1, len(status))
        if _word(STATUSES, int(status[slot])) != EMPTY
    )


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if number < len(words) else str(number)
