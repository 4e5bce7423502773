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

PARAMETERS: Final = (
    Parameter("friction", FRICTION, "of velocity kept per tick", 0.0, 1.0, 0.85),
    Parameter("resource_spawn_rate", SPAWN_RATE, "energy per place and tick", 0.0, 10.0, 0.05),
    Parameter("min_population", MIN_POPULATION, "Molbots", 0.0, 100_000.0, 20.0, whole=True),
    Parameter("sense_radius", SENSE_RADIUS, "length", 0.0, 500.0, 50.0),
    Parameter("speed_max", SPEED_MAX, "length per tick", 0.0, 50.0, 2.0),
    Parameter("eat_reach", EAT_REACH, "length", 0.0, 50.0, 5.0),
    Parameter("eat_bite", EAT_BITE, "energy per tick", 0.0, 100.0, 5.0),
    Parameter("resource_max", RESOURCE_MAX, "energy per place", 0.0, 1000.0, 20.0),
    Parameter("resource_ripe", RESOURCE_RIPE, "energy per place", 0.0, 1000.0, 5.0),
    Parameter("cost_base", COST_BASE, "energy per tick", 0.0, 10.0, 0.04),
    Parameter("cost_speed", COST_SPEED, "energy per tick at speed 1, grows by its square",
              0.0, 10.0, 0.02),
    Parameter("birth_energy", BIRTH_ENERGY, "energy", 1.0, 100.0, 80.0),
    Parameter("birth_age", BIRTH_AGE, "ticks", 0.0, 1e6, 300.0, whole=True),
    Parameter("birth_spread", BIRTH_SPREAD, "length", 0.0, 100.0, 10.0),
    Parameter("age_max", AGE_MAX, "ticks", 1.0, 1e8, 6000.0, whole=True),
    Parameter("mutation", MUTATION, "largest change of a gene", 0.0, 1.0, 0.05),
)  # fmt: skip

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
