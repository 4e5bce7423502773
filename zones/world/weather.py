"""Weather: light, warmth and growth as they come and go over the day and the year.

Owns: what the hour and the season do, everywhere at once. Does not own: how warm or fertile a
place is (`landscape.py`). Pure; float64 with + - x / only, so every machine finds the same bits.

The curve of a day is two parabolas, the usual stand-in for a sine (never more than 0.06 off).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from zones.world import parameters

GROWS_BEST: Final = 20.0
"""Degrees Celsius at which food grows fastest."""


class Weather(NamedTuple):
    """The weather of one tick.

    Args:
        light: 0 in the dark to 1 at noon, 1/2 on the whole.
        temperature: degrees Celsius of a place of middle height.
        growth: what resource_spawn_rate is multiplied by; 1 on the whole when it is 20 degrees.
        sight: what every Molbot's senses are multiplied by.
    """

    light: float
    temperature: float
    growth: float
    sight: float


def weather_at(tick: int, rules: Sequence[float]) -> Weather:
    """Return the weather of a tick under these parameters, by their index."""
    day = int(rules[parameters.DAY_TICKS])
    year = day * int(rules[parameters.YEAR_DAYS])
    hour = wave(tick, day)
    season = wave(tick, year)
    light = 0.5 + 0.5 * rules[parameters.DAYLIGHT] * hour
    temperature = (
        rules[parameters.TEMPERATURE]
        + rules[parameters.DAY_SWING] * hour
        + rules[parameters.SEASON_SWING] * season
    )
    off = (temperature - GROWS_BEST) / rules[parameters.GROWTH_SPAN]
    growth = (
        (1.0 + rules[parameters.DAY_GROWTH] * hour)
        * (1.0 + rules[parameters.SEASON_GROWTH] * season)
        * max(1.0 - off * off, 0.0)
    )
    sight = rules[parameters.NIGHT_SIGHT] + (1.0 - rules[parameters.NIGHT_SIGHT]) * light
    return Weather(light, temperature, growth, sight)


def wave(tick: int, period: int) -> float:
    """Return 0 at the begin of a period, 1 after a quarter, 0 after half, -1 after three."""
    place = 2.0 * ((tick % period) / period) - 1.0
    return -4.0 * place * (1.0 - abs(place))
