"""The registry: which version of which trait each trait slot of a world holds.

Owns: the meaning of the `slot_` columns and of the names of moods, finding things in them, giving
slots, places of the trait memory and mood codes away. Does not own: what inputs do to carriers
(`trait_inputs.py`), the code (`trait_library.py`).

It is a part of the state like any column, so it flips with the commit, comes along in a snapshot,
and tells an heir which code it needs. Every version of a trait has a slot of its own: a name may
have an active one and, as `standby`, the one before it, which a quarantine goes back to.
"""

from typing import Final, NamedTuple

import numpy as np

from Kernel.contract.arena import State
from Kernel.contract.inputs import STATES, TIERS, TraitFacts
from zones.traits.contract import ALIVE_MOOD, MOOD_BYTES, MOODS, NAME_BYTES, SLOTS
from zones.world.columns import HASH_BYTES, Buffer

EMPTY: Final = 0
ACTIVE: Final = 1
STANDBY: Final = 2
QUARANTINED: Final = 3
SUSPENDED: Final = 4
STATUS_NAMES: Final = ("empty", "active", "standby", "quarantined", "suspended")
"""Suspended: the process that computes ticks has not got its code; its carriers keep their bits."""
_NUMBERS: Final = (
    "slot_version", "slot_tier", "slot_status", "slot_state", "slot_memory_first",
    "slot_memory_count", "slot_before", "slot_since", "slot_calls", "slot_fuel", "slot_faults",
    "slot_cost",
)  # fmt: skip


class Entry(NamedTuple):
    """What one slot holds.

    Args:
        before: slot of the version before, 0 for none.
        since: tick at which it came into the slot.
        calls, fuel, faults: of all carriers and ticks so far; fuel in steps of its own tier.
        cost: what a call of it is taken to cost where nothing is known of a carrier yet, in native
            steps; 0: it has not run yet.
    """

    slot: int
    hash: str
    name: str
    version: int
    tier: str
    status: int
    state: str
    memory_first: int
    memory_count: int
    before: int
    since: int
    calls: int
    fuel: int
    faults: int
    cost: int

    @property
    def places(self) -> int:
        """Return the bits of its places of the trait memory."""
        return ((1 << self.memory_count) - 1) << self.memory_first

    @property
    def bit(self) -> int:
        """Return the bit of its slot."""
        return 1 << self.slot


def read_entries(buffer: Buffer) -> list[Entry]:
    """Return what is in the slots that hold something, in the order of the slots."""
    return [
        _read(buffer, slot) for slot in np.flatnonzero(buffer.slot_status != EMPTY).tolist() if slot
    ]


def _read(buffer: Buffer, slot: int) -> Entry:
    tier, state = int(buffer.slot_tier[slot]), int(buffer.slot_state[slot])
    return Entry(
        slot=slot,
        hash=buffer.slot_hash[slot].tobytes().hex(),
        name=text_of(buffer.slot_name[slot].tobytes()),
        version=int(buffer.slot_version[slot]),
        tier=TIERS[tier] if tier < len(TIERS) else "",
        status=int(buffer.slot_status[slot]),
        state=STATES[state] if state < len(STATES) else "",
        memory_first=int(buffer.slot_memory_first[slot]),
        memory_count=int(buffer.slot_memory_count[slot]),
        before=int(buffer.slot_before[slot]),
        since=int(buffer.slot_since[slot]),
        calls=int(buffer.slot_calls[slot]),
        fuel=int(buffer.slot_fuel[slot]),
        faults=int(buffer.slot_faults[slot]),
        cost=int(buffer.slot_cost[slot]),
    )


def text_of(padded: bytes) -> str:
    """Return the text in zero padded bytes; of damaged bytes some."""
    return padded.rstrip(b"\0").decode(errors="replace")


def write_entry(
    buffer: Buffer, slot: int, facts: TraitFacts, first: int, before: int, tick: int
) -> None:
    """Let a slot hold a version of a trait, active and with nothing counted yet."""
    clear_entry(buffer, slot)
    buffer.slot_hash[slot] = np.frombuffer(bytes.fromhex(facts.hash), np.uint8)
    name = facts.name.encode().ljust(NAME_BYTES, b"\0")
    buffer.slot_name[slot] = np.frombuffer(name, np.uint8)
    buffer.slot_version[slot] = facts.version
    buffer.slot_tier[slot] = TIERS.index(facts.tier)
    buffer.slot_status[slot] = ACTIVE
    buffer.slot_state[slot] = STATES.index(facts.state)
    buffer.slot_memory_first[slot] = first
    buffer.slot_memory_count[slot] = facts.memory
    buffer.slot_before[slot] = before
    buffer.slot_since[slot] = tick


def clear_entry(buffer: Buffer, slot: int) -> None:
    """Let a slot hold nothing."""
    buffer.slot_hash[slot] = 0
    buffer.slot_name[slot] = 0
    for name in _NUMBERS:
        getattr(buffer, name)[slot] = 0


def read_moods(buffer: Buffer) -> list[str]:
    """Return the names of moods by their codes, ALIVE_MOOD first."""
    names = [text_of(row.tobytes()) for row in buffer.mood_name]
    return [ALIVE_MOOD, *(name for name in names[1:] if name)]


def write_mood(buffer: Buffer, code: int, name: str) -> None:
    """Give a code to a name of a mood, for good."""
    padded = name.encode().ljust(MOOD_BYTES, b"\0")
    buffer.mood_name[code] = np.frombuffer(padded, np.uint8)


def find_slot(entries: list[Entry]) -> int:
    """Return the lowest slot that holds nothing, 0 when there is none."""
    taken = {entry.slot for entry in entries}
    return next((slot for slot in range(1, SLOTS) if slot not in taken), 0)


def find_places(entries: list[Entry], count: int, memory_slots: int) -> int | None:
    """Return the lowest place from which `count` in a row are free; None: there is none."""
    used = 0
    for entry in entries:
        used |= entry.places
    wanted = (1 << count) - 1
    for first in range(memory_slots - count + 1):
        if not used & wanted << first:
            return first
    return None


def update_words(buffer: Buffer) -> None:
    """Bring the words of the state block that follow from the registry up to it.

    Which slots are active, and how much of the two columns that only traits use is in use.
    """
    entries = read_entries(buffer)
    scalars = buffer.scalars
    active = sum(entry.bit for entry in entries if entry.status == ACTIVE)
    scalars[State.TRAITS_ACTIVE >> 3] = np.uint64(active).astype(np.int64)
    slots = max((entry.slot + 1 for entry in entries), default=0)
    places = max((entry.places.bit_length() for entry in entries), default=0)
    scalars[State.FAULT_SLOTS_USED >> 3] = slots
    scalars[State.MEMORY_PLACES_USED >> 3] = places


def mend(buffer: Buffer) -> None:
    """Empty the slots of a registry of another build that cannot be what they say.

    Nobody carries what is in no slot afterwards. A registry that is sound is left as it is.
    """
    known = 0
    for entry in read_entries(buffer):
        places = entry.places.bit_length()
        sound = entry.tier and entry.state and entry.status < len(STATUS_NAMES) and entry.name
        if sound and places <= buffer.trait_memory.shape[1] and entry.before < SLOTS:
            known |= entry.bit
        else:
            clear_entry(buffer, entry.slot)
    for column in (buffer.trait_bits, buffer.deactivated_bits, buffer.ready):
        column[:] &= np.uint64(known)
    update_words(buffer)


assert HASH_BYTES * 8 == 256, "sha256"
assert MOODS <= 256, "a mood is a u8"
