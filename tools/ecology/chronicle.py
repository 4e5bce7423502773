"""What happened in one world, read from its events: telemetry, and every life.

Owns: reading, and the arrays over time that follow from births and deaths exactly. Does not own:
what is made of them (`verdicts.py`, `figures.py`).

Ids are given out in order and without gaps, so arrays by id hold a whole history: founders first,
then each that was born or seeded. Both sources must tell the same population, or reading fails.
"""

import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from Kernel.contract.errors import MoltError
from zones.world.columns import GENE_NAMES

PERIOD_TICKS: Final = 300
ALIVE: Final = np.iinfo(np.int64).max
"""Instead of a tick of death."""
LINE_CHARS_MAX: Final = 4_000_000

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


class BadEvents(MoltError):
    """Events that do not tell one whole history."""


@dataclass(frozen=True, slots=True)
class Chronicle:
    """The history of one world.

    Args:
        telemetry: the `telemetry` events, oldest first; period p ends at tick 300 (p + 1).
        lineage, mother, generation: by id; place 0 is nobody. Mother 0: founder or seeded.
        born, died: ticks by id; died is ALIVE for the living.
        ancestor: lineage a lineage came out of, by number; 0 for one of a founder or of seeding.
        sizes: (lineages + 1, periods + 1), members at the end of each period; column 0 is tick 0.
        population: at each tick, 0 to the last.
    """

    telemetry: tuple[dict[str, Any], ...]
    lineage: I64
    mother: I64
    generation: I64
    born: I64
    died: I64
    ancestor: I64
    sizes: I64
    population: I64

    def series(self, name: str) -> F64:
        """Return a number of telemetry over the periods."""
        return np.array([event[name] for event in self.telemetry], np.float64)

    def genes(self) -> F64:
        """Return the mean genes, (periods, genes)."""
        means = np.array([event["genes"] for event in self.telemetry], np.float64)
        return means.reshape(len(self.telemetry), len(GENE_NAMES))


def read_chronicle(path: Path, founders: int, founding_lineages: int) -> Chronicle:
    """Read the events of a run from tick 0 on.

    Args:
        founders: how many Molbots were there at tick 0.
        founding_lineages: how many lineages they had: as many, or one.

    Raises:
        BadEvents: something is missing, or births, deaths and telemetry disagree.
    """
    told = _read(path)
    telemetry = tuple(event for event in told if event["kind"] == "telemetry")
    logs = [event for event in told if event["kind"] == "world.lineage"]
    if not telemetry or any(log["lost"] for log in logs):
        raise BadEvents(f"cannot read {path.name}: events are missing")
    ids = _joined(logs, "born", "ids")
    if not np.array_equal(ids, np.arange(founders + 1, founders + 1 + len(ids))):
        raise BadEvents(f"cannot read {path.name}: the ids of the born have gaps")
    own = np.arange(founders + 1)
    lineage = np.append(
        own if founding_lineages > 1 else np.minimum(own, 1), _joined(logs, "born", "lineages")
    )
    mother = np.append(np.zeros_like(own), _joined(logs, "born", "parents"))
    born = np.append(np.zeros_like(own), _ticks(logs, "born"))
    died = np.full(len(lineage), ALIVE)
    died[_joined(logs, "died", "ids")] = _ticks(logs, "died")
    died[0] = 0
    lineages = int(lineage.max())
    ancestor = np.zeros(lineages + 1, np.int64)
    # The first member of a lineage that was founded by a child has a mother of another one.
    fresh = np.flatnonzero((mother > 0) & (lineage != lineage[mother]))
    ancestor[lineage[fresh]] = lineage[mother[fresh]]
    chronicle = Chronicle(
        telemetry, lineage, mother, _generations(mother), born, died, ancestor,
        _sizes(lineage, born, died, lineages, len(telemetry)),
        _population(born, died, telemetry[-1]["tick"]),
    )  # fmt: skip
    _compare(path, chronicle)
    return chronicle


def _read(path: Path) -> list[dict[str, Any]]:
    events = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if len(line) > LINE_CHARS_MAX:
                raise BadEvents(f"cannot read {path.name}: a line of {len(line)} characters")
            events.append(json.loads(line))
    return events


def _joined(logs: list[dict[str, Any]], side: str, name: str) -> I64:
    return np.fromiter(chain.from_iterable(log[side][name] for log in logs), np.int64)


def _ticks(logs: list[dict[str, Any]], side: str) -> I64:
    """Return a tick for each row of a side; the log tells them as runs [tick, how many]."""
    runs = np.array([run for log in logs for run in log[side]["ticks"]], np.int64).reshape(-1, 2)
    return np.repeat(runs[:, 0], runs[:, 1])


def _generations(mother: I64) -> I64:
    generation = np.zeros(len(mother), np.int64)
    for number in np.flatnonzero(mother):  # a mother has a lower id than her child
        generation[number] = generation[mother[number]] + 1
    return generation


def _sizes(lineage: I64, born: I64, died: I64, lineages: int, periods: int) -> I64:
    changes = np.zeros((lineages + 1, periods + 1), np.int64)
    for ticks, change in ((born, 1), (died, -1)):
        told = np.flatnonzero(ticks[1:] <= periods * PERIOD_TICKS) + 1
        ends = -(-ticks[told] // PERIOD_TICKS)
        np.add.at(changes, (lineage[told], ends), change)
    return np.cumsum(changes, axis=1)


def _population(born: I64, died: I64, ticks: int) -> I64:
    changes = np.bincount(born[1:][born[1:] <= ticks], minlength=ticks + 1)
    changes -= np.bincount(died[1:][died[1:] <= ticks], minlength=ticks + 1)
    return np.cumsum(changes)


def _compare(path: Path, chronicle: Chronicle) -> None:
    """Hold lives against telemetry: both count the same Molbots."""
    told = chronicle.series("entity_count")
    alive = chronicle.sizes.sum(axis=0)[1:]
    at_ends = chronicle.population[PERIOD_TICKS::PERIOD_TICKS]
    if not (np.array_equal(told, alive) and np.array_equal(told, at_ends)):
        raise BadEvents(f"cannot read {path.name}: births and deaths do not add up to telemetry")
