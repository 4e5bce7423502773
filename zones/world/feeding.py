"""Who gets the food: intents are settled, the winners eat, and food grows back.

Owns: the settlement. Does not own: intents (`behaviour.py`). Of all Molbots that would eat from
one place the lowest id wins; minimum does not depend on order, so places may be shared out among
threads in any way.
"""

from typing import Any, Final

import numpy as np

from zones.world import parameters
from zones.world.behaviour import NOTHING
from zones.world.numba_setup import kernel, njit, prange

PLACES_BLOCK: Final = 4096

_BITE: Final = parameters.EAT_BITE
_SPAWN_RATE: Final = parameters.SPAWN_RATE
_RESOURCE_MAX: Final = parameters.RESOURCE_MAX


@njit
def _claim_range(lo: Any, hi: Any, intent: Any, ids: Any, claim: Any) -> None:
    """Settle the places from `lo` to `hi`: claim[j] becomes the slot of the lowest id."""
    for i in range(len(intent)):
        j = intent[i]
        if lo <= j < hi:
            holder = claim[j]
            if holder == NOTHING or ids[i] < ids[holder]:
                claim[j] = i


@kernel
def settle(parts: Any, intent: Any, ids: Any, claim: Any) -> None:
    """Find the winner of each place.

    Args:
        parts: how many equal shares of places are settled side by side; 1 runs without threads.
        intent: place by slot or NOTHING.
        claim: int32 by place, all NOTHING before; written.
    """
    places = len(claim)
    if parts > 1:
        for part in prange(parts):
            _claim_range(places * part // parts, places * (part + 1) // parts, intent, ids, claim)
    else:
        _claim_range(0, places, intent, ids, claim)


@njit
def _feed_range(
    lo: Any, hi: Any, amount: Any, new_amount: Any, claim: Any, energy: Any, max_energy: Any,
    rules: Any,
) -> None:  # fmt: skip
    bite = np.float32(rules[_BITE])
    grown = np.float32(rules[_SPAWN_RATE])
    highest = np.float32(rules[_RESOURCE_MAX])
    for j in range(lo, hi):
        left = amount[j]
        slot = claim[j]
        if slot != NOTHING:
            claim[j] = NOTHING
            meal = min(bite, left, max(max_energy[slot] - energy[slot], np.float32(0.0)))
            energy[slot] += meal
            left -= meal
        new_amount[j] = min(left + grown, max(left, highest))


@kernel
def feed(
    parallel: Any, amount: Any, new_amount: Any, claim: Any, energy: Any, max_energy: Any,
    rules: Any,
) -> None:  # fmt: skip
    """Let each winner eat one bite, and let each place grow.

    Args:
        amount, new_amount: food by place in buffers A and B; `new_amount` is written.
        claim: winner by place; NOTHING everywhere afterwards.
        energy: of buffer B by slot, raised by what was eaten, at most to `max_energy`.
    """
    places = len(amount)
    if parallel:
        for block in prange((places + PLACES_BLOCK - 1) // PLACES_BLOCK):
            _feed_range(
                block * PLACES_BLOCK, min(places, (block + 1) * PLACES_BLOCK), amount, new_amount,
                claim, energy, max_energy, rules,
            )  # fmt: skip
    else:
        _feed_range(0, places, amount, new_amount, claim, energy, max_energy, rules)
