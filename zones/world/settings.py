"""What a world is founded with: parsed once from plain data into one frozen record.

Owns: keys, ranges, defaults, the scale rule. Does not own: reading files (the caller does) nor
changing parameters later (`inbox.py`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from Kernel.contract.errors import ConfigError, Refused
from zones.world.parameters import PARAMETERS

ENTITIES_LIMIT: Final = 4_000_000
RESOURCES_LIMIT: Final = 8_000_000
SIDE_MAX: Final = 1_000_000.0
STANDARD_ENTITIES: Final = 500
"""The default world has this many; `entities` scales both sides by sqrt(entities / this)."""


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """One world at founding.

    Args:
        seed: decides everything random; 0 to 2**64 - 1.
        entities: founders put in at tick 0.
        max_entities: slots; never more Molbots than this.
        resources: places where food grows.
        world_width, world_height: length.
        tick_rate_ms: period of a tick in ms; pacing only, decides nothing inside a tick.
        parameters: value of each of PARAMETERS, by its index.
    """

    seed: int = 1
    entities: int = STANDARD_ENTITIES
    max_entities: int = STANDARD_ENTITIES
    resources: int = STANDARD_ENTITIES
    world_width: float = 2000.0
    world_height: float = 2000.0
    tick_rate_ms: float = 16.0
    parameters: tuple[float, ...] = field(
        default_factory=lambda: tuple(parameter.default for parameter in PARAMETERS)
    )


FOUNDING_KEYS: Final = (
    "seed",
    "entities",
    "max_entities",
    "resources",
    "world_width",
    "world_height",
    "tick_rate_ms",
)


def parse_settings(values: Mapping[str, Any], entities: int | None = None) -> WorldSettings:
    """Check plain data (keys of `config/world.yaml`) and return the settings.

    Args:
        values: what is missing takes its default.
        entities: the scale rule of `molt world run --entities`: founders, slots and food places
            become this many and both sides grow by sqrt(entities / 500), so that the crowding
            stays that of the settings.

    Raises:
        ConfigError: unknown key, wrong type, or a number out of its range.
    """
    known = {*FOUNDING_KEYS, *(parameter.name for parameter in PARAMETERS)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"cannot use world.{unknown[0]}: there is no such key")
    slots = _whole(values, "max_entities", STANDARD_ENTITIES, 1, ENTITIES_LIMIT)
    width = _number(values, "world_width", 2000.0, 10.0, SIDE_MAX)
    height = _number(values, "world_height", 2000.0, 10.0, SIDE_MAX)
    places = _whole(values, "resources", slots, 1, RESOURCES_LIMIT)
    founders = _whole(values, "entities", slots, 0, slots)
    if entities is not None:
        if not 1 <= entities <= ENTITIES_LIMIT:
            raise ConfigError(f"cannot found {entities} Molbots: 1 to {ENTITIES_LIMIT} are allowed")
        scale = math.sqrt(entities / STANDARD_ENTITIES)
        width, height = width * scale, height * scale
        slots = founders = places = entities
    return WorldSettings(
        seed=_whole(values, "seed", 1, 0, 2**64 - 1),
        entities=founders,
        max_entities=slots,
        resources=places,
        world_width=width,
        world_height=height,
        tick_rate_ms=_number(values, "tick_rate_ms", 16.0, 0.01, 60_000.0),
        parameters=tuple(_parameters(values)),
    )


def _parameters(values: Mapping[str, Any]) -> list[float]:
    found: list[float] = []
    for place, parameter in enumerate(PARAMETERS):
        assert parameter.index == place, "PARAMETERS is ordered by index"
        value = _number(values, parameter.name, parameter.default, parameter.low, parameter.high)
        try:
            parameter.check(value)
        except Refused as refused:
            raise ConfigError(f"cannot use world.{parameter.name}: {refused.message}") from refused
        found.append(value)
    return found


def _number(values: Mapping[str, Any], key: str, default: float, low: float, high: float) -> float:
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(
            f"cannot use world.{key} = {value!r}: it takes a number from {low:g} to {high:g}"
        )
    return float(value)


def _whole(values: Mapping[str, Any], key: str, default: int, low: int, high: int) -> int:
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(
            f"cannot use world.{key} = {value!r}: it takes a whole number from {low} to {high}"
        )
    return value
