"""What is measured of a run: numbers that two runs can be compared by.

Owns: the metrics and how each is made. Does not own: comparing (`effect.py`), reading the columns
(`reading.py`). Pure.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from Kernel.contract.arena import State
from zones.world.columns import Buffer
from zones.world.trial.following import Period

COUNTERS: Final = {
    "births": State.BIRTHS,
    "starved": State.DEATH_STARVATION,
    "aged": State.DEATH_AGE,
    "collided": State.DEATH_COLLISION,
    "seeded": State.SEEDED,
}


class Totals(NamedTuple):
    """Counts of a world since it was founded."""

    births: int
    starved: int
    aged: int
    collided: int
    seeded: int


def totals_of(buffer: Buffer) -> Totals:
    """Return the counts of one tick."""
    return Totals(*(buffer.scalar(offset) for offset in COUNTERS.values()))


def measure(
    before: Totals,
    after: Totals,
    population: int,
    energy: float,
    lineages: int,
    periods: Sequence[Period],
) -> dict[str, float]:
    """Return the metrics of one run.

    Args:
        population, energy, lineages: at its end; energy is the mean of all who live.
        periods: its telemetry; the means over time are of these and of the end.
    """
    births, starved, aged, collided, _ = (b - a for a, b in zip(before, after, strict=True))
    deaths = starved + aged + collided
    populations = [*(each.population for each in periods), population]
    energies = [*(each.energy for each in periods if each.population), energy]
    return {
        "population": float(population),
        "mean_population": sum(populations) / len(populations),
        "energy": energy,
        "mean_energy": sum(energies) / len(energies),
        "births": float(births),
        "deaths": float(deaths),
        "starved": float(starved),
        "aged": float(aged),
        "collided": float(collided),
        "starvation": starved / max(population + deaths, 1),
        "lineages": float(lineages),
    }
