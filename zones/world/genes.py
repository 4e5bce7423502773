"""The genes of a Molbot: their names, what a value means, and the colours of lineages.

Owns: which place of a dna holds which gene, how a gene turns into a factor, the distance of two
dnas. Does not own: the laws that use a factor (`behaviour.py`, `lifecycle.py`), how a child's
genes come from its mother's (`lifecycle.py`).

A gene is a float32 from 0 to 1. Its factor is 1 + gene_effect x (gene - 1/2): with the default
effect of 1 it goes from a half to one and a half, and with 0 all Molbots are alike.
"""

from typing import Any, Final

import numpy as np

from zones.runtime.numba_setup import njit
from zones.world.columns import GENE_NAMES, GENES, U8

SPEED: Final = 0
"""How fast it can go. Going costs energy by the square."""
SENSES: Final = 1
"""How far it notices food. Fine senses cost energy all the time."""
METABOLISM: Final = 2
"""How fast it lives: eats, moves, burns, and is grown up."""
SIZE: Final = 3
"""Length of its body. The larger ones hold more, win fights for food, burn and weigh more."""
FERTILITY: Final = 4
"""How early, in energy, it bears: many poor children or few rich ones."""
WARMTH: Final = 5
"""The temperature it is made for; being far from it costs energy."""
COLOUR: Final = 6
"""Shown only: nothing selects for it, so it drifts, and tells kin from strangers."""
LONGEVITY: Final = 7
"""How old it can get. Upkeep of a lasting body costs energy."""

assert GENE_NAMES[LONGEVITY] == "longevity" and GENES == LONGEVITY + 1

WARMEST: Final = 40.0
"""Degrees Celsius that a warmth gene of 1 is made for; 0 is made for 0 degrees."""
GRAINS: Final = 255
"""A founder's genes are kept in this many steps each: what names a lineage is 8 bytes."""


@njit
def factor(gene: Any, effect: Any) -> Any:
    """Return what a gene multiplies; `effect` is float32 gene_effect."""
    return np.float32(1.0) + effect * (gene - np.float32(0.5))


@njit
def pace(metabolism: Any, effect: Any) -> Any:
    """Return what a metabolism gene multiplies where it weighs half: burning and moving."""
    return np.float32(0.5) + np.float32(0.5) * factor(metabolism, effect)


@njit
def grain(gene: Any) -> Any:
    """Return a gene, 0 to 1, in whole steps of 1 / GRAINS."""
    return np.uint8(gene * np.float32(GRAINS) + np.float32(0.5))


@njit
def distance2(dna: Any, slot: Any, founder_dna: Any, member: Any) -> Any:
    """Return the squared distance from the dna of a slot to the grains of a member's founder."""
    total = np.float32(0.0)
    for gene in range(GENES):
        apart = dna[gene, slot] - np.float32(founder_dna[gene, member]) * np.float32(1.0 / GRAINS)
        total += apart * apart
    return total


def grains_of(dna: Any) -> U8:
    """Return `grain` of every gene, shape (n, GENES)."""
    grains: U8 = (dna * np.float32(GRAINS) + np.float32(0.5)).astype(np.uint8)
    return grains
