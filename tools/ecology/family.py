"""Lineages as a family: their order on a page, and their colours.

Owns: both. Pure. A lineage lies beside the one it came out of, and its hue is near that one's, as
in the world; founders have exactly the colours that they have there. Later hues are not told in
events (they drift with a gene), so they are a fixed step from the mother lineage's here.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from zones.world.colours import GOLDEN, HUES

DRAWN_SHARE: Final = 0.03
"""A lineage that was never a larger share of the population is drawn among the others."""
HUE_STEP: Final = 0.07
"""Share of the circle that a lineage is from its mother lineage at most."""

I64 = NDArray[np.int64]


def in_family_order(ancestor: I64) -> list[int]:
    """Return all lineages, from 1 on, each followed by those that came out of it.

    Args:
        ancestor: by lineage, 0 for the first of a family; lower than the lineage itself.
    """
    children: list[list[int]] = [[] for _ in ancestor]
    for lineage in range(len(ancestor) - 1, 0, -1):
        children[ancestor[lineage]].append(lineage)
    order: list[int] = []
    waiting = list(children[0])
    while waiting:
        lineage = waiting.pop()
        order.append(lineage)
        waiting += children[lineage]
    return order


def hues(ancestor: I64, founders: int) -> list[str]:
    """Return the colour of each lineage as #rrggbb; place 0 is nobody's.

    Args:
        ancestor: as in `in_family_order`.
        founders: lineages up to this number were there at tick 0.
    """
    turns = np.zeros(len(ancestor))
    for lineage in range(1, len(ancestor)):
        turn = lineage * GOLDEN % 1.0
        if lineage > founders and ancestor[lineage]:
            turn = turns[ancestor[lineage]] + HUE_STEP * (2.0 * turn - 1.0)
        turns[lineage] = turn % 1.0
    places = np.minimum((turns * len(HUES)).astype(np.int64), len(HUES) - 1)
    return [f"#{HUES[place]:06x}" for place in places]
