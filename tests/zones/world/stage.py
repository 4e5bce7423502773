"""Prepared worlds: everything that could disturb a law under test is off, and every Molbot is set.

A stage is written before its engine is made, because an engine reads the ground when it opens. It
is written into both buffers, as founding does, and the books are opened again afterwards.
"""

from typing import Any

import numpy as np

from Kernel.contract.arena import ArenaWords
from tests.zones.world.worlds import living, make_world
from zones.world import columns
from zones.world.columns import Buffer, open_world

STILL: dict[str, Any] = {
    "gene_effect": 0.0, "body_radius": 0.0, "gravity": 0.0, "friction": 0.0,
    "cost_base": 0.0, "cost_speed": 0.0, "cost_senses": 0.0, "cost_temperature": 0.0,
    "cost_longevity": 0.0, "collision_damage": 0.0, "collision_push": 0.0,
    "resource_spawn_rate": 0.0, "resource_max": 0.0, "sense_radius": 0.0, "speed_max": 0.0,
    "min_population": 0, "birth_energy": 1000.0, "birth_age": 100_000_000,
    "age_max": 100_000_000, "founder_age_share": 0.0, "hill_warmth": 0.0,
    "fertility_contrast": 0.0, "daylight": 0.0, "night_sight": 1.0, "day_swing": 0.0,
    "season_swing": 0.0, "day_growth": 0.0, "season_growth": 0.0, "resources": 1,
}  # fmt: skip
"""Nobody moves, eats, pays, bears, ages or dies; the weather and the land are the same everywhere.
A test turns on the one law that it is about."""


def stage(count: int, **values: Any) -> ArenaWords:
    """Return a world of `count` Molbots in as many slots in which nothing happens but `values`."""
    founded = {**STILL, "entities": count, "max_entities": max(count, 1), **values}
    return make_world(**founded)


def put(words: ArenaWords, **values: Any) -> None:
    """Write columns of the living (or whole ones of food and ground) into both buffers."""
    kinds = {column.name: column.rows for column in columns.COLUMNS}
    for buffer in open_world(words).buffers:
        alive = living(buffer)
        for name, value in values.items():
            rows = alive if kinds[name] == "entity" else slice(None)
            getattr(buffer, name)[rows] = value
        buffer.reals[columns.ENERGY_FOUNDED >> 3] = np.sum(buffer.energy, dtype=np.float64)
        buffer.reals[columns.FOOD_FOUNDED >> 3] = np.sum(buffer.resource_amount, dtype=np.float64)


def now(words: ArenaWords) -> Buffer:
    """Return the committed buffer."""
    return open_world(words).committed


def chi_square(counts: Any, expected: Any) -> float:
    """Return Pearson's statistic of counts against expected counts."""
    return float(np.sum((np.asarray(counts) - expected) ** 2 / expected))


def chi_square_limit(bins: int, sigmas: float = 5.0) -> float:
    """Return what the statistic of `bins` counts exceeds by chance once in 3.5 million times.

    That is the upper tail of a normal variable beyond `sigmas` = 5.
    Source: E. Wilson, M. Hilferty, "The distribution of chi-square", PNAS 17 (1931).
    """
    freedom = bins - 1
    third = 2.0 / (9.0 * freedom)
    return float(freedom * (1.0 - third + sigmas * np.sqrt(third)) ** 3)


def assert_uniform(values: Any, low: float, high: float, bins: int = 32) -> None:
    """Assert that values are spread evenly from low to high, with none outside (5 sigma)."""
    counts, _ = np.histogram(values, bins, (low, high))
    assert counts.sum() == len(values), "some are outside"
    statistic = chi_square(counts, len(values) / bins)
    assert statistic < chi_square_limit(bins), (statistic, counts.tolist())
