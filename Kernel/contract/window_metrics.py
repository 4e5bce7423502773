"""How a world does in a window of ticks, from its counters at both ends: one definition for all.

Owns: which metrics can be had from counters, and how. Does not own: reading counters of a world
that ticks (the kernel, from the state block of its arena) or of a run (`zones/world/trial`), what
is made of a value. Pure.

A trial forecasts such values, and the kernel compares the living world with them: so both must be
made of the same words in the same way.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from typing import Any, Final

from Kernel.contract.arena import State

WINDOW_TICKS: Final = 300
FALLBACK: Final = "population"
COUNT_MAX: Final = 2**53
WORD_MAX: Final = 2**64 - 1
ENERGY_MAX: Final = 1e15

FOUNDED: Final = State.OWN + 176
SEEDED: Final = State.OWN + 168
EATEN: Final = State.OWN + 144
SPENT: Final = State.OWN + 152
LOST: Final = State.OWN + 160
"""The books of energy, f64 in the state block, as `zones/world/columns.py` places them."""


@dataclass(frozen=True, slots=True)
class Counters:
    """A world after one tick; all but population, lineages and energy count since its founding.

    Args:
        lineages: as counted at the last survey.
        energy: of all who live, as the books have it.
    """

    population: int
    births: int
    starved: int
    aged: int
    collided: int
    seeded: int
    lineages: int
    energy: float

    def plain(self) -> list[int | float]:
        """Return the values in their order, as a run reports them."""
        return list(astuple(self))

    @property
    def deaths(self) -> int:
        """How many have died."""
        return self.starved + self.aged + self.collided

    @property
    def mean_energy(self) -> float:
        """Of those who live, 0.0 where nobody does."""
        return self.energy / self.population if self.population else 0.0


def read_counters(word: Callable[[int], int]) -> Counters:
    """Return the counters of a state block.

    Args:
        word: returns the 8 bytes at an offset of the block, as a whole number.
    """

    def real(offset: int) -> float:
        return float(struct.unpack("<d", (word(offset) & WORD_MAX).to_bytes(8, "little"))[0])

    return Counters(
        population=word(State.POPULATION),
        births=word(State.BIRTHS),
        starved=word(State.DEATH_STARVATION),
        aged=word(State.DEATH_AGE),
        collided=word(State.DEATH_COLLISION),
        seeded=word(State.SEEDED),
        lineages=word(State.LINEAGES),
        energy=real(FOUNDED) + real(SEEDED) + real(EATEN) - real(SPENT) - real(LOST),
    )


def parse_counters(values: Any) -> Counters:
    """Return the counters in what a stranger says they are.

    Raises:
        ValueError: they are none.
    """
    if type(values) is not list or len(values) != len(Counters.__slots__):
        raise ValueError("no counters")
    *counts, energy = values
    if not all(type(each) is int and 0 <= each < COUNT_MAX for each in counts):
        raise ValueError("no counts")
    if type(energy) is not float or not abs(energy) <= ENERGY_MAX:
        raise ValueError("no energy")
    return Counters(*values)


def follows(begin: Counters, end: Counters) -> bool:
    """Tell whether one can come after the other: no count shrinks, nobody is from nowhere."""
    grown = [end.births - begin.births, end.seeded - begin.seeded]
    gone = [end.starved - begin.starved, end.aged - begin.aged, end.collided - begin.collided]
    return min(*grown, *gone) >= 0 and end.population - begin.population == sum(grown) - sum(gone)


def window_value(metric: str, begin: Counters, end: Counters) -> float:
    """Return how a world did in the ticks between; what METRICS does not know is FALLBACK."""
    return METRICS.get(metric, METRICS[FALLBACK])(begin, end)


def measured_metric(metric: str) -> tuple[str, str]:
    """Return the metric that stands for one, and why it is another, "" where it is the same."""
    if metric in METRICS:
        return metric, ""
    return FALLBACK, f"{metric[:64]!r} cannot be told from counters; {FALLBACK} stands for it"


def _starvation(begin: Counters, end: Counters) -> float:
    return (end.starved - begin.starved) / max(end.population + end.deaths - begin.deaths, 1)


METRICS: Final[Mapping[str, Callable[[Counters, Counters], float]]] = {
    "population": lambda _, end: float(end.population),
    "mean_population": lambda begin, end: (begin.population + end.population) / 2,
    "energy": lambda _, end: end.mean_energy,
    "mean_energy": lambda begin, end: (begin.mean_energy + end.mean_energy) / 2,
    "births": lambda begin, end: float(end.births - begin.births),
    "deaths": lambda begin, end: float(end.deaths - begin.deaths),
    "starved": lambda begin, end: float(end.starved - begin.starved),
    "aged": lambda begin, end: float(end.aged - begin.aged),
    "collided": lambda begin, end: float(end.collided - begin.collided),
    "starvation": _starvation,
    "lineages": lambda _, end: float(end.lineages),
}
"""Those of a trial that counters give; a mean is that of both ends."""
SMALLEST: Final[Mapping[str, float]] = {"starvation": 0.01}
"""The least that a value differs by, where it is not 1: one more Molbot, one unit of energy."""


def least_difference(metric: str) -> float:
    """Return the least difference of a metric that says anything."""
    return SMALLEST.get(metric, 1.0)
