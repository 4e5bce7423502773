"""Warm columns: those that a trait or an input may write, and in which both buffers may differ.

Owns: which these are, the header words that say where the buffers may differ, bringing B up to A
there. Does not own: who writes.

Cold columns are equal in both buffers and cost nothing in a tick in which nothing changes them.
Traits write them now and then, so each column (and each place of the trait memory, and each slot
of the fault counts) has a bit in the header: set, the buffers may differ in it.

*Who writes one in B sets its bit first*; the begin of a tick copies all that is set from A to B,
and then clears the bits. So at any instruction: a bit that is clear says that A and B are equal
there (but for slots that a birth writes, which `touched` lists or which are free in A). Killed
while it copies, the bits are still set, and the next attempt copies again. Killed between clearing
and the commit, whatever B holds that A does not has its bit set again, since that came before the
first write; the next attempt copies A over it. Committed, the roles change: B is A now, what was
written has its bit set, and the next tick brings the other buffer up to it. The words are in the
header and no part of the state: a file that is founded or restored has two equal buffers.
"""

from collections.abc import Iterable
from typing import Final

from Kernel.contract.arena import ArenaWords, Header, State
from zones.world.columns import I32, Buffer
from zones.world.registry import read_entries

REGISTRY: Final = "registry"
WARM: Final = (
    REGISTRY, "max_energy", "radius", "colour", "mood", "ready", "trait_bits", "deactivated_bits",
    "last_fuel",
)  # fmt: skip
"""By the number of its bit in `Header.WARM`."""
BIT: Final = {name: 1 << number for number, name in enumerate(WARM)}
_PARTLY: Final = ((Header.WARM_MEMORY, "trait_memory"), (Header.WARM_FAULTS, "trait_faults"))
OF_A_TRAIT: Final = {
    "max_energy": "max_energy",
    "radius": "radius",
    "color": "colour",
    "state": "mood",
}
"""Column of each field of an entity that a trait can assign and that is not hot."""


class Warmth:
    """The header words of one arena."""

    def __init__(self, words: ArenaWords) -> None:
        self._words = words

    def carry(self, old: Buffer, new: Buffer) -> None:
        """Bring B up to A wherever they may differ; changes `new`."""
        words = self._words
        if words.get(Header.WARM):
            for name in self.columns():
                getattr(new, name)[:] = getattr(old, name)
            words.put(Header.WARM, 0)
        for header, column in _PARTLY:
            bits = words.get(header)
            if bits:
                there, here = getattr(new, column).T, getattr(old, column).T
                for place in range(len(there)):
                    if bits >> place & 1:
                        there[place] = here[place]
                words.put(header, 0)

    def columns(self) -> list[str]:
        """Return the columns in which the buffers may differ."""
        bits = self._words.get(Header.WARM)
        return [name for name, bit in BIT.items() if bits & bit]

    def touch(self, names: Iterable[str]) -> None:
        """Say that these columns of B are about to be written."""
        self.touch_bits(bits_of(names))

    def touch_bits(self, bits: int) -> None:
        """As `touch`, of bits from `bits_of`."""
        self._words.put(Header.WARM, self._words.get(Header.WARM) | bits)

    def touch_memory(self, places: int) -> None:
        """Say that these places (bits) of the trait memory of B are about to be written."""
        self._words.put(Header.WARM_MEMORY, self._words.get(Header.WARM_MEMORY) | places)

    def touch_faults(self, slots: int) -> None:
        """Say that the fault counts of these slots (bits) of B are about to be written."""
        self._words.put(Header.WARM_FAULTS, self._words.get(Header.WARM_FAULTS) | slots)


def bits_of(names: Iterable[str]) -> int:
    """Return the bits of these columns in `Header.WARM`."""
    return sum(BIT[name] for name in set(names))


def carry_private(old: Buffer, new: Buffer, slots: I32) -> None:
    """Bring what births have written of faults and trait memory in B up to A; changes `new`.

    Args:
        slots: touched in A.
    """
    if not old.scalar(State.REGISTRY_VERSION):
        return
    for entry in read_entries(old):
        new.trait_faults.T[entry.slot][slots] = old.trait_faults.T[entry.slot][slots]
        for place in range(entry.memory_first, entry.memory_first + entry.memory_count):
            new.trait_memory.T[place][slots] = old.trait_memory.T[place][slots]
