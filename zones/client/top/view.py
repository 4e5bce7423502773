"""Everything `molt top` shows of one moment, as one value: the picture.

Owns: what a sight of the world, the kernel's report and the remembered past come to. Does not own:
reading them (`source.py`), layout and colour (`panels.py`, `app.py`), JSON (`snapshot.py`). Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import floor, isfinite, log10
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zones.client.top.braille import Food
from zones.client.top.crowd import Crowd
from zones.client.top.kernel_report import Degraded, KernelReport, Phase, Zone
from zones.client.top.series import Rates, Sample, Series, Totals

DAWN_HOUR: Final = 6.0
SEASONS: Final = ("spring", "summer", "autumn", "winter")
BINS: Final = 12
"""Ranges of tick times that are told apart."""


class Mode(StrEnum):
    """What the badge says."""

    LIVE = "LIVE"
    PAUSED = "PAUSED"
    FROZEN = "FROZEN"
    NO_KERNEL = "NO KERNEL"


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the world keeps its time, from the words of its header.

    Args:
        tick_times_us: of the last ticks, in no order, without those not run yet.
        phase_ns: running mean of each phase by its number; 0 where there is no such phase.
        period_ms: time between two ticks as it should be.
    """

    tick_times_us: NDArray[np.uint32]
    phase_ns: tuple[int, ...]
    missed_ticks: int
    period_ms: float
    epoch: int


@dataclass(frozen=True, slots=True)
class Sight:
    """One committed tick of a world.

    Args:
        scalars: the world's own counters and measures, by their names in the schema.
        parameters: values in force, by name.
        width, height: of the world, length.
        holding: the world stands still on purpose.
        mean_energy: of the living, 0 when there are none, NaN when one has none that is a number.
    """

    tick: int
    seed: int
    capacity: int
    width: float
    height: float
    holding: bool
    scalars: Mapping[str, float]
    parameters: Mapping[str, float]
    mean_energy: float
    crowd: Crowd
    food: Food
    pulse: Pulse

    @property
    def population(self) -> int:
        """Molbots alive."""
        return len(self.crowd.x)

    def totals(self) -> Totals:
        """Return births and deaths since the world began."""
        return Totals(
            births=int(self.scalars["births"]),
            starvation=int(self.scalars["death_starvation"]),
            age=int(self.scalars["death_age"]),
            collision=int(self.scalars["death_collision"]),
            seeded=int(self.scalars["seeded"]),
        )

    def sample(self) -> Sample:
        """Return what is remembered of this tick."""
        return Sample(self.tick, self.population, self.mean_energy, self.totals())


@dataclass(frozen=True, slots=True)
class Weather:
    """Of the whole world; None where it has none.

    Args:
        light: from 0 (night) to 1.
        day: counted from 1.
        hour: of 24, from midnight; a day of the world begins with dawn, at 6.
        season: a year begins with spring.
    """

    temperature_c: float | None
    light: float | None
    day: int | None
    hour: float | None
    season: str | None


@dataclass(frozen=True, slots=True)
class TickTimes:
    """How long ticks take to compute, milliseconds; None before the first.

    Args:
        bins: share of ticks in each of the ranges that begin at `bin_edges_ms`.
    """

    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    period_ms: float
    missed: int
    counted: int
    bin_edges_ms: tuple[float, ...]
    bins: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything shown of one moment.

    Args:
        sight: the tick it is about; the map is drawn from it.
        kernel: None when no kernel answers.
        rates: None before anything is known of them.
        trouble: why the recorded past could not be read, or "".
        series: oldest first, `sight` last.
    """

    mode: Mode
    sight: Sight
    kernel: KernelReport | None
    totals: Totals
    rates: Rates | None
    weather: Weather
    phases: tuple[Phase, ...]
    ticks: TickTimes
    ticks_per_s: float | None
    series: tuple[Sample, ...]
    trouble: str

    @property
    def zones(self) -> tuple[Zone, ...]:
        """Zones of the kernel, none without one."""
        return self.kernel.zones if self.kernel else ()

    @property
    def degraded(self) -> tuple[Degraded, ...]:
        """What does not work as it should."""
        return self.kernel.degraded if self.kernel else ()

    @property
    def light(self) -> float:
        """Light for drawing: a world without weather has day for ever."""
        return 1.0 if self.weather.light is None else self.weather.light


def build_picture(
    sight: Sight, kernel: KernelReport | None, past: Series, ticks_per_s: float | None
) -> Picture:
    """Put together what is shown.

    Args:
        past: what is remembered up to `sight`; not changed.
        ticks_per_s: as seen from here; the kernel's own figure is taken where it gives one.
    """
    now = sight.sample()
    earlier = [each for each in past.samples if each.tick < now.tick]
    told = kernel.ticks_per_s if kernel is not None else None
    return Picture(
        mode=decide_mode(sight.holding, kernel),
        sight=sight,
        kernel=kernel,
        totals=sight.totals(),
        rates=past.rates(),
        weather=tell_weather(sight.tick, sight.scalars, sight.parameters),
        phases=_phases(sight.pulse, kernel),
        ticks=_tick_times(sight.pulse),
        ticks_per_s=ticks_per_s if told is None else told,
        series=(*earlier, now),
        trouble=past.trouble,
    )


def decide_mode(holding: bool, kernel: KernelReport | None) -> Mode:
    """Return what the badge says of a view that is not frozen."""
    if kernel is None:
        return Mode.NO_KERNEL
    return Mode.PAUSED if holding or kernel.paused else Mode.LIVE


def tell_weather(
    tick: int, scalars: Mapping[str, float], parameters: Mapping[str, float]
) -> Weather:
    """Return the weather of a tick as far as the world has one."""
    day_ticks = int(finite(parameters.get("day_ticks")) or 0)
    year_ticks = day_ticks * int(finite(parameters.get("year_days")) or 0)
    day = hour = season = None
    if day_ticks > 0:
        day = tick // day_ticks + 1
        hour = (DAWN_HOUR + 24 * (tick % day_ticks) / day_ticks) % 24
    if year_ticks > 0:
        season = SEASONS[tick % year_ticks * len(SEASONS) // year_ticks]
    temperature_c, light = finite(scalars.get("temperature")), finite(scalars.get("light"))
    return Weather(temperature_c, light, day, hour, season)


def finite(value: float | None) -> float | None:
    """Return a number, None for what is none: a damaged world may hold NaN anywhere."""
    return value if value is not None and isfinite(value) else None


def _phases(pulse: Pulse, kernel: KernelReport | None) -> tuple[Phase, ...]:
    """Return the phases that take time, in the order in which they run.

    Their names are the kernel's to tell: without one they have the numbers of the header.
    Number 0 is the time between ticks, which is no phase.
    """
    if kernel is not None and kernel.phases:
        return tuple(phase for phase in kernel.phases if phase.ms > 0)
    return tuple(
        Phase(f"phase {number}", took_ns / 1e6)
        for number, took_ns in enumerate(pulse.phase_ns)
        if number > 0 and took_ns > 0
    )


def _tick_times(pulse: Pulse) -> TickTimes:
    times_ms = np.sort(pulse.tick_times_us / 1000)
    if len(times_ms) == 0:
        return TickTimes(None, None, None, pulse.period_ms, pulse.missed_ticks, 0, (), ())
    edges_us = _bin_edges_us(int(pulse.tick_times_us.min()), int(pulse.tick_times_us.max()))
    counts = np.histogram(pulse.tick_times_us, edges_us)[0]
    return TickTimes(
        p50_ms=float(times_ms[len(times_ms) // 2]),
        p99_ms=float(times_ms[min(len(times_ms) - 1, int(len(times_ms) * 0.99))]),
        max_ms=float(times_ms[-1]),
        period_ms=pulse.period_ms,
        missed=pulse.missed_ticks,
        counted=len(times_ms),
        bin_edges_ms=tuple(edge / 1000 for edge in edges_us[:-1]),
        bins=tuple(float(count) for count in counts / len(times_ms)),
    )


def _bin_edges_us(low_us: int, high_us: int) -> list[int]:
    """Return edges of BINS bins of a round width that hold every time from low to high."""
    raw = max((high_us - low_us) / (BINS - 1), 1)
    power = 10 ** floor(log10(raw))
    width = next(step * power for step in (1, 2, 5, 10) if step * power >= raw)
    first = low_us // width * width
    return [first + width * place for place in range(BINS + 1)]
