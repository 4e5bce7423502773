"""Who gets the food: intents are settled, the winners eat, and food grows back.

Owns: the settlement. Does not own: intents (`behaviour.py`). Of all Molbots that would eat from
one place the largest wins, of equal ones the one in the lowest slot; places may be shared out among
threads in any way.
"""

from typing import Any, Final

import numpy as np

from zones.runtime.numba_setup import kernel, njit, prange
from zones.world import parameters
from zones.world.blocks import BLOCK
from zones.world.genes import METABOLISM, factor
from zones.world.senses import NOTHING

PLACES_BLOCK: Final = 4096

_BITE: Final = parameters.EAT_BITE
_GENE_EFFECT: Final = parameters.GENE_EFFECT
_RESOURCE_MAX: Final = parameters.RESOURCE_MAX


@njit
def _claim_range(
    lo: Any, hi: Any, eaters: Any, eats: Any, eating: Any, radius: Any, claim: Any
) -> None:
    """Settle the places from `lo` to `hi`: claim[j] becomes the slot of the largest."""
    for block in range(len(eating)):
        for k in range(block * BLOCK, block * BLOCK + eating[block]):
            i, j = eaters[k], eats[k]
            if lo <= j < hi:
                holder = claim[j]
                if holder == NOTHING or radius[i] > radius[holder]:
                    claim[j] = i


@kernel
def settle(parts: Any, eaters: Any, eats: Any, eating: Any, radius: Any, claim: Any) -> None:
    """Find the winner of each place.

    Args:
        parts: how many equal shares of places are settled side by side; 1 runs without threads.
        eaters, eats, eating: of an `Intent`.
        claim: int32 by place, all NOTHING before; written.
    """
    places = len(claim)
    if parts > 1:
        for part in prange(parts):
            lo, hi = places * part // parts, places * (part + 1) // parts
            _claim_range(lo, hi, eaters, eats, eating, radius, claim)
    else:
        _claim_range(0, places, eaters, eats, eating, radius, claim)


@njit
def _feed_block(
    block: Any, food: Any, new_amount: Any, claim: Any, claimed: Any, body: Any, growth: Any,
    rules: Any, books: Any,
) -> None:  # fmt: skip
    amount, fertility = food
    energy, max_energy, dna = body
    effect = np.float32(rules[_GENE_EFFECT])
    bite = np.float32(rules[_BITE])
    highest = np.float32(rules[_RESOURCE_MAX])
    eaten = 0.0
    grown = 0.0
    lo, hi = block * PLACES_BLOCK, min(len(amount), (block + 1) * PLACES_BLOCK)
    for j in range(lo, hi):
        new_amount[j] = amount[j]
    # A list first: its rows lie all over memory, and only without a branch do their reads overlap.
    count = np.uint64(0)
    for j in range(lo, hi):
        claimed[np.uint64(lo) + count] = j
        count += np.uint64(claim[j] != NOTHING)
    for k in range(count):
        place = np.uint32(claimed[np.uint64(lo) + k])
        slot = np.uint32(claim[place])
        claim[place] = NOTHING
        most = bite * factor(dna[METABOLISM, slot], effect)
        room = max(max_energy[slot] - energy[slot], np.float32(0.0))
        meal = min(most, amount[place], room)
        # The sum may round up to just above what a body holds.
        energy[slot] = min(energy[slot] + meal, max_energy[slot])
        new_amount[place] = amount[place] - meal
        eaten += np.float64(meal)
    for j in range(lo, hi):
        left = new_amount[j]
        more = min(left + growth * fertility[j], max(left, highest))
        new_amount[j] = more
        grown += np.float64(more) - np.float64(left)
    books[block, 0] = eaten
    books[block, 1] = grown


@kernel
def feed(
    parallel: Any, food: Any, new_amount: Any, claim: Any, claimed: Any, body: Any, growth: Any,
    rules: Any, books: Any,
) -> None:  # fmt: skip
    """Let each winner eat one bite, and let each place grow.

    Args:
        food: (amount in buffer A, fertility) by place.
        new_amount: of buffer B; written.
        claim: winner by place; NOTHING everywhere afterwards.
        claimed: int32 by place, written: from the begin of each block on the places with a winner.
        body: (energy of buffer B, max_energy, dna) by slot; energy is raised by what was eaten, at
            most to max_energy.
        growth: float32, what a place of middle fertility grows by in this tick.
        books: float64 (blocks, 2), written: energy eaten and grown.
    """
    blocks = len(books)
    if parallel:
        for block in prange(blocks):
            _feed_block(block, food, new_amount, claim, claimed, body, growth, rules, books)
    else:
        for block in range(blocks):
            _feed_block(block, food, new_amount, claim, claimed, body, growth, rules, books)
