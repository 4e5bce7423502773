"""What is remembered of the past: population and energy over time, births and deaths per tick.

Owns: a bounded list of samples, thinned as it grows, and the rates between its ends. Does not own:
where samples come from (`source.py`), how they look (`charts.py`). Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

SAMPLES_MAX: Final = 512
STEP_TICKS: Final = 30
"""Two samples a second of a world at 60 ticks a second, until the list is full."""
RATE_TICKS: Final = 3000
"""Rates are means over about this many ticks: long enough to be steady, short enough to be now."""
PER_TICKS: Final = 1000
NUMBER_MAX: Final = 1e18
"""Of a record; NaN and what is larger are left out."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts since the world began."""

    births: int
    starvation: int
    age: int
    collision: int
    seeded: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The world at one tick; `totals` are missing in what was recorded without them."""

    tick: int
    population: int
    mean_energy: float
    totals: Totals | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Births and deaths by cause per PER_TICKS ticks, as the mean over `ticks` ticks."""

    ticks: int
    births: float
    starvation: float
    age: float
    collision: float


@dataclass(slots=True)
class Series:
    """Samples, oldest first, each at a later tick than the one before.

    Attributes:
        recorded: rates of the last recorded period, for while there is nothing newer.
        trouble: why the recorded past could not be read, "" when it could.
    """

    samples: list[Sample] = field(default_factory=list)
    recorded: Rates | None = None
    trouble: str = ""
    _step_ticks: int = STEP_TICKS

    def add(self, sample: Sample) -> None:
        """Remember a sample, unless it is too near to the last one.

        A tick before the last one is another world: what was remembered is forgotten.
        """
        if self.samples and sample.tick < self.samples[-1].tick:
            self.samples.clear()
            self.recorded = None
            self._step_ticks = STEP_TICKS
        if self.samples and sample.tick - self.samples[-1].tick < self._step_ticks:
            return
        self.samples.append(sample)
        if len(self.samples) > SAMPLES_MAX:
            # The newest half of a pair stays, so the last sample is never the one that goes.
            del self.samples[:-1:2]
            self._step_ticks *= 2

    def rates(self) -> Rates | None:
        """Return how fast Molbots are born and die now, None while nothing is known of it."""
        counted = [each for each in self.samples if each.totals is not None]
        if not counted:
            return self.recorded
        last = counted[-1]
        recent = [each for each in counted if last.tick - each.tick <= RATE_TICKS]
        first = recent[0] if len(recent) > 1 else counted[-min(len(counted), 2)]
        if first is last:
            return self.recorded
        assert first.totals is not None and last.totals is not None
        ticks = last.tick - first.tick
        scale = PER_TICKS / ticks
        return Rates(
            ticks=ticks,
            births=(last.totals.births - first.totals.births) * scale,
            starvation=(last.totals.starvation - first.totals.starvation) * scale,
            age=(last.totals.age - first.totals.age) * scale,
            collision=(last.totals.collision - first.totals.collision) * scale,
        )


def series_of(history: Iterable[Mapping[str, object]]) -> Series:
    """Return the series that recorded telemetry gives; what is not of its form is left out.

    Args:
        history: telemetry payloads, oldest first, one every 300 ticks.
    """
    series = Series()
    before = None
    for event in history:
        numbers = _numbers(event, ("tick", "entity_count", "avg_energy"))
        if numbers is None:
            continue
        tick, population, energy = numbers
        series.add(Sample(int(tick), int(population), energy))
        if before is not None and tick > before:
            series.recorded = _recorded(event, int(tick - before))
        before = tick
    return series


def _recorded(event: Mapping[str, object], ticks: int) -> Rates | None:
    keys = ("births_last_period", "death_starvation", "death_age", "death_collision")
    numbers = _numbers(event, keys)
    if numbers is None:
        return None
    births, starvation, age, collision = (each * PER_TICKS / ticks for each in numbers)
    return Rates(ticks, births, starvation, age, collision)


def _numbers(event: Mapping[str, object], keys: tuple[str, ...]) -> list[float] | None:
    """Return the values of these keys, None unless each is a number that can be drawn."""
    found = [event.get(key) for key in keys]
    numbers = [
        float(each) for each in found if isinstance(each, int | float) and abs(each) < NUMBER_MAX
    ]
    return numbers if len(numbers) == len(keys) else None
