"""What telemetry tells of traits: who carries what, and what it came to.

Owns: the count of carriers, diversity and dominance among traits, the rows of `world.traits`. Does
not own: when (`engine.py`), the numbers of the registry (`trait_phase.py` counts them).
"""

from typing import Any, Final, NamedTuple

import numpy as np

from Kernel.contract.arena import State
from zones.runtime.numba_setup import njit, serial_kernel
from zones.traits.contract import SLOTS
from zones.world.columns import ALIVE, I64, Buffer
from zones.world.registry import ACTIVE, STATUS_NAMES, Entry, read_entries


class TraitSurvey(NamedTuple):
    """What the traits of a world came to at one tick.

    Args:
        diversity: 1 / sum of squared shares of all that is carried: as many traits that everybody
            carries, or equally many carry, would be as diverse; 0 where nobody carries any.
        dominant: name of the trait that most carry, of equals the one that came first; "" for none.
        traits: rows of the `world.traits` event.
    """

    diversity: float = 0.0
    dominant: str = ""
    traits: tuple[dict[str, Any], ...] = ()


NO_TRAITS: Final = TraitSurvey()


def survey_traits(buffer: Buffer, counts: I64) -> TraitSurvey:
    """Look over who carries which trait.

    Args:
        counts: int64 (2, SLOTS); written.
    """
    if not buffer.scalar(State.REGISTRY_VERSION):
        return NO_TRAITS
    entries = read_entries(buffer)
    counts[:] = 0
    count_carriers(buffer.state, buffer.trait_bits, buffer.deactivated_bits, counts)
    carried, off = counts[0].tolist(), counts[1].tolist()
    active = [entry for entry in entries if entry.status == ACTIVE and carried[entry.slot]]
    total = sum(carried[entry.slot] for entry in active)
    squares = sum(carried[entry.slot] ** 2 for entry in active)
    first = max(
        active, key=lambda each: (carried[each.slot], -each.since, -each.slot), default=None
    )
    rows = (_row(entry, carried[entry.slot], off[entry.slot]) for entry in entries)
    return TraitSurvey(
        total * total / squares if squares else 0.0, first.name if first else "", tuple(rows)
    )


def _row(entry: Entry, carriers: int, deactivated: int) -> dict[str, Any]:
    return {
        "slot": entry.slot,
        "name": entry.name,
        "version": entry.version,
        "tier": entry.tier,
        "status": STATUS_NAMES[entry.status],
        "carriers": carriers,
        "deactivated": deactivated,
        "calls": entry.calls,
        "faults": entry.faults,
        "fuel": entry.fuel,
    }


@njit
def _add_run(bits: Any, run: Any, counts: Any) -> None:
    for slot in range(1, SLOTS):
        if bits >> np.uint64(slot) & np.uint64(1):
            counts[slot] += run


@serial_kernel
def count_carriers(state: Any, bits: Any, off: Any, counts: Any) -> None:
    """Count the living who carry each slot, and in whom it is switched off.

    Neighbours mostly carry the same: a run of equals is counted in one go.
    """
    held = np.uint64(0)
    switched = np.uint64(0)
    run = 0
    for i in range(len(state)):
        if state[i] != ALIVE:
            continue
        if bits[i] != held or off[i] != switched:
            _add_run(held, run, counts[0])
            _add_run(switched, run, counts[1])
            held = bits[i]
            switched = off[i]
            run = 0
        run += 1
    _add_run(held, run, counts[0])
    _add_run(switched, run, counts[1])
