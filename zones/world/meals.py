"""What traits eat: intents are settled per place, in the order of ids.

Owns: the settlement. Does not own: intents (`zones/traits/contract.py`, `eat`), the meals that
Molbots take by themselves (`feeding.py`), which come first.

Each carrier wants from one place at most, so that places have nothing to do with each other. A
counting sort by place, then each place's few in the order of their ids: the time grows with how
many eat, not with how crowded a place is.
"""

from typing import Any, NamedTuple

import numpy as np

from zones.runtime.numba_setup import njit, serial_kernel
from zones.world.columns import I32


class Table(NamedTuple):
    """Memory of the settlement; all of it that is read is written anew in each tick.

    Args:
        ends: int32 by place: how many guests it has, then where they begin in `guests`. All 0
            between ticks.
        guests: int32, slots, sorted by place.
        places: int32, places that have guests.
    """

    ends: I32
    guests: I32
    places: I32


def new_table(slots: int, places: int) -> Table:
    """Return the memory for a world of so many slots and food places."""
    return Table(
        np.zeros(places, np.int32),
        np.zeros(slots, np.int32),
        np.zeros(min(slots, places), np.int32),
    )


@njit
def _sift(guests: Any, first: Any, root: Any, count: Any, ids: Any) -> None:
    """Let a guest sink in a heap whose root has the largest id."""
    while True:
        child = 2 * root + 1
        if child >= count:
            return
        if child + 1 < count and ids[guests[first + child]] < ids[guests[first + child + 1]]:
            child += 1
        if ids[guests[first + root]] >= ids[guests[first + child]]:
            return
        held = guests[first + root]
        guests[first + root] = guests[first + child]
        guests[first + child] = held
        root = child


@njit
def _sort(guests: Any, first: Any, count: Any, ids: Any) -> None:
    """Sort a part of the guests by id: a heap sort, so that no crowd makes it slow."""
    for root in range(count // 2 - 1, -1, -1):
        _sift(guests, first, root, count, ids)
    for last in range(count - 1, 0, -1):
        held = guests[first]
        guests[first] = guests[first + last]
        guests[first + last] = held
        _sift(guests, first, 0, last, ids)


@njit
def _seat(count: Any, runners: Any, wanted: Any, place: Any, table: Any) -> Any:
    """Sort those who want something by place; return how many places have guests, and guests."""
    ends, guests, places = table
    known = 0
    for k in range(count):
        i = runners[k]
        # A place beyond the food is nobody's: machine code has written it.
        if wanted[i] > 0 and 0 <= place[i] < len(ends):
            if ends[place[i]] == 0:
                places[known] = place[i]
                known += 1
            ends[place[i]] += 1
    at = 0
    for p in range(known):
        at += ends[places[p]]
        ends[places[p]] = at
    for k in range(count - 1, -1, -1):
        i = runners[k]
        if wanted[i] > 0 and 0 <= place[i] < len(ends):
            ends[place[i]] -= 1
            guests[ends[place[i]]] = i
    return known, at


@serial_kernel
def serve(
    count: Any, runners: Any, wanted: Any, place: Any, ids: Any, energy: Any, max_energy: Any,
    amount: Any, table: Any,
) -> Any:  # fmt: skip
    """Let everybody eat what it wants, as far as it is there and fits in; return the sum.

    Args:
        count, runners: who ran.
        wanted, place: by slot, see `zones.traits.table`.
        ids: by slot.
        energy, max_energy: of buffer B by slot; energy is raised.
        amount: of buffer B by place; lowered.
        table: a `Table`; written.
    """
    ends, guests, places = table
    known, seated = _seat(count, runners, wanted, place, table)
    eaten = 0.0
    first = 0
    for p in range(known):
        here = places[p]
        behind = ends[places[p + 1]] if p + 1 < known else seated
        _sort(guests, first, behind - first, ids)
        for g in range(first, behind):
            i = guests[g]
            room = max(max_energy[i] - energy[i], np.float32(0.0))
            meal = min(wanted[i], amount[here], room)
            # The sum may round up to just above what a body holds.
            energy[i] = min(energy[i] + meal, max_energy[i])
            amount[here] = amount[here] - meal
            eaten += np.float64(meal)
        first = behind
    for p in range(known):
        ends[places[p]] = 0
    return eaten
