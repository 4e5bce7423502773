"""The numbers that decide ticks and may be changed while the world runs.

Owns: names, places in the state block, units, ranges and defaults. Does not own: how one is
changed (`inbox.py`), nor what is fixed at founding (`settings.py`). A place is never given to
another name: arenas on disk hold values by place.
"""

from typing import Final

from Kernel.contract.errors import Refused
from Kernel.contract.parameters import Parameter

FRICTION: Final = 0
SPAWN_RATE: Final = 1
MIN_POPULATION: Final = 2
SENSE_RADIUS: Final = 3
SPEED_MAX: Final = 4
EAT_REACH: Final = 5
EAT_BITE: Final = 6
RESOURCE_MAX: Final = 7
RESOURCE_RIPE: Final = 8
COST_BASE: Final = 9
COST_SPEED: Final = 10
BIRTH_ENERGY: Final = 11
BIRTH_AGE: Final = 12
BIRTH_SPREAD: Final = 13
AGE_MAX: Final = 14
MUTATION: Final = 15
GRAVITY: Final = 16
TEMPERATURE: Final = 17
DAY_TICKS: Final = 18
YEAR_DAYS: Final = 19
DAYLIGHT: Final = 20
DAY_SWING: Final = 21
SEASON_SWING: Final = 22
SEASON_GROWTH: Final = 23
GROWTH_SPAN: Final = 24
NIGHT_SIGHT: Final = 25
BODY_RADIUS: Final = 26
COLLISION_PUSH: Final = 27
COLLISION_BOUNCE: Final = 28
COLLISION_DAMAGE: Final = 29
COST_TEMPERATURE: Final = 30
COST_SENSES: Final = 31
COST_LONGEVITY: Final = 32
BIRTH_SHARE: Final = 33
BIRTH_LOSS: Final = 34
GENE_EFFECT: Final = 35
LINEAGE_DISTANCE: Final = 36
LIFESPAN_SHORTEST: Final = 37
MAX_ENERGY: Final = 38
FOUNDER_ENERGY: Final = 39
DAY_GROWTH: Final = 40
TRAIT_TIMEOUT: Final = 41
TICK_BUDGET: Final = 42
FUEL_PER_MS: Final = 43
NATIVE_GAIN: Final = 44
FAULTS_MAX: Final = 45

PARAMETERS: Final = (
    Parameter("friction", FRICTION, "of velocity kept per tick", 0.0, 1.0, 0.85),
    Parameter("resource_spawn_rate", SPAWN_RATE, "energy per place and tick", 0.0, 10.0, 0.05),
    Parameter("min_population", MIN_POPULATION, "Molbots", 0.0, 100_000.0, 20.0, whole=True),
    Parameter("sense_radius", SENSE_RADIUS, "length", 0.0, 500.0, 50.0),
    Parameter("speed_max", SPEED_MAX, "length per tick", 0.0, 50.0, 2.0),
    Parameter("eat_reach", EAT_REACH, "length beyond the body", 0.0, 50.0, 3.0),
    Parameter("eat_bite", EAT_BITE, "energy per tick", 0.0, 100.0, 5.0),
    Parameter("resource_max", RESOURCE_MAX, "energy per place", 0.0, 1000.0, 20.0),
    Parameter("resource_ripe", RESOURCE_RIPE, "energy per place", 0.0, 1000.0, 5.0),
    Parameter("cost_base", COST_BASE, "energy per tick", 0.0, 10.0, 0.031),
    Parameter(
        "cost_speed",
        COST_SPEED,
        "energy per tick at speed 1, grows by its square",
        0.0,
        10.0,
        0.013,
    ),
    Parameter("birth_energy", BIRTH_ENERGY, "energy", 0.0, 1000.0, 80.0),
    Parameter("birth_age", BIRTH_AGE, "ticks", 0.0, 1e8, 600.0, whole=True),
    Parameter("birth_spread", BIRTH_SPREAD, "length", 0.0, 100.0, 10.0),
    Parameter("age_max", AGE_MAX, "ticks", 1.0, 1e8, 6000.0, whole=True),
    Parameter("mutation", MUTATION, "largest change of a gene", 0.0, 1.0, 0.05),
    Parameter("gravity", GRAVITY, "length per tick squared on a slope of 1", 0.0, 20.0, 0.98),
    Parameter("temperature", TEMPERATURE, "degrees Celsius, mean over the year", -50.0, 80.0, 20.0),
    Parameter("day_ticks", DAY_TICKS, "ticks", 2.0, 1e8, 3600.0, whole=True),
    Parameter("year_days", YEAR_DAYS, "days", 1.0, 10_000.0, 10.0, whole=True),
    Parameter("daylight", DAYLIGHT, "of light that comes and goes in a day", 0.0, 1.0, 1.0),
    Parameter("day_swing", DAY_SWING, "degrees warmer at noon", 0.0, 40.0, 4.0),
    Parameter("season_swing", SEASON_SWING, "degrees warmer in summer", 0.0, 40.0, 6.0),
    Parameter("season_growth", SEASON_GROWTH, "of growth more in summer", 0.0, 1.0, 0.2),
    Parameter(
        "growth_span", GROWTH_SPAN, "degrees from 20 at which nothing grows", 1.0, 200.0, 25.0
    ),
    Parameter("night_sight", NIGHT_SIGHT, "of sense_radius in darkness", 0.0, 1.0, 0.5),
    Parameter("body_radius", BODY_RADIUS, "length", 0.0, 50.0, 4.0),
    Parameter("collision_push", COLLISION_PUSH, "of an overlap undone per tick", 0.0, 1.0, 0.2),
    Parameter("collision_bounce", COLLISION_BOUNCE, "of closing speed given back", 0.0, 1.0, 0.5),
    Parameter(
        "collision_damage",
        COLLISION_DAMAGE,
        "energy at closing speed 1, grows by its square",
        0.0,
        100.0,
        2.0,
    ),
    Parameter(
        "cost_temperature",
        COST_TEMPERATURE,
        "of cost_base more 10 degrees off, by the square",
        0.0,
        100.0,
        0.15,
    ),
    Parameter(
        "cost_senses",
        COST_SENSES,
        "energy per tick, grows by the square of the senses",
        0.0,
        10.0,
        0.018,
    ),
    Parameter(
        # Beyond 2 the shortest lives would cost less than nothing.
        "cost_longevity",
        COST_LONGEVITY,
        "of cost_base more for the longest life",
        0.0,
        2.0,
        0.2,
    ),
    Parameter("birth_share", BIRTH_SHARE, "of a mother's energy given to a birth", 0.0, 1.0, 0.5),
    Parameter("birth_loss", BIRTH_LOSS, "of birth_energy lost in a birth", 0.0, 1.0, 0.13),
    Parameter("gene_effect", GENE_EFFECT, "of the full span of a gene", 0.0, 1.0, 1.0),
    Parameter(
        "lineage_distance",
        LINEAGE_DISTANCE,
        "between genes, a new lineage beyond it",
        0.0,
        3.0,
        0.25,
    ),
    Parameter("lifespan_shortest", LIFESPAN_SHORTEST, "of the longest life", 0.0, 1.0, 0.75),
    Parameter("max_energy", MAX_ENERGY, "energy of a body of middle size", 1.0, 10_000.0, 100.0),
    Parameter(
        "founder_energy", FOUNDER_ENERGY, "energy of one that is seeded", 0.0, 10_000.0, 50.0
    ),
    Parameter("day_growth", DAY_GROWTH, "of growth more at noon", 0.0, 1.0, 0.3),
    Parameter("trait_timeout_sec", TRAIT_TIMEOUT, "s of fuel for a call", 1e-5, 1.0, 0.005),
    Parameter("tick_time_budget_sec", TICK_BUDGET, "s of fuel for a tick", 1e-4, 10.0, 0.014),
    Parameter(
        "fuel_per_ms", FUEL_PER_MS, "steps of interpreted traits", 10.0, 1e6, 5000.0, whole=True
    ),
    Parameter(
        "fuel_native_gain",
        NATIVE_GAIN,
        "native steps for an interpreted one",
        1.0,
        10_000.0,
        100.0,
        whole=True,
    ),
    Parameter("trait_faults_max", FAULTS_MAX, "faults", 1.0, 255.0, 10.0, whole=True),
)

BY_NAME: Final = {parameter.name: parameter for parameter in PARAMETERS}


def find_parameter(name: str) -> Parameter:
    """Return the parameter called `name`.

    Raises:
        Refused: there is none.
    """
    parameter = BY_NAME.get(name)
    if parameter is None:
        raise Refused(f"cannot set {name!r}: the world has no such parameter", "molt params")
    return parameter
