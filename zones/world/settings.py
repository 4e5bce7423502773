"""What a world is founded with: parsed once from plain data into one frozen record.

Owns: keys, ranges, defaults, the scale rule. Does not own: reading files (the caller does) nor
changing parameters later (`inbox.py`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from Kernel.contract.errors import ConfigError, Refused
from Kernel.contract.yaml_files import show
from zones.world.columns import Extent
from zones.world.parameters import PARAMETERS

ENTITIES_LIMIT: Final = 4_000_000
RESOURCES_LIMIT: Final = 8_000_000
SIDE_MAX: Final = 1_000_000.0
STANDARD_ENTITIES: Final = 500
FOUNDERS: Final = 300
"""Founders of a world of STANDARD_ENTITIES slots; others have the same share of theirs."""
GROUND_CELLS_MAX: Final = 1 << 22
"""Larger worlds get larger cells."""


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
        founder_variety: 0 all founders are one clone and one lineage, to 1 any genes.
        founder_age_share: founders are of any age up to this share of age_max.
        hill_length: length, of the largest hills.
        hill_height: length, from the lowest place to the highest.
        hill_warmth: degrees Celsius that the lowest place is warmer than the highest.
        fertility_contrast: 0 food grows alike everywhere, to 1: never on the highest places.
        ground_cell: length, side of the cells in which slope and warmth are the same.
        parameters: value of each of PARAMETERS, by its index.
    """

    seed: int = 1
    entities: int = FOUNDERS
    max_entities: int = STANDARD_ENTITIES
    resources: int = STANDARD_ENTITIES
    world_width: float = 2000.0
    world_height: float = 2000.0
    tick_rate_ms: float = 16.0
    founder_variety: float = 1.0
    founder_age_share: float = 0.5
    hill_length: float = 700.0
    hill_height: float = 20.0
    hill_warmth: float = 6.0
    fertility_contrast: float = 0.9
    ground_cell: float = 50.0
    parameters: tuple[float, ...] = field(
        default_factory=lambda: tuple(parameter.default for parameter in PARAMETERS)
    )

    @property
    def extent(self) -> Extent:
        """How large the world is, with its ground cells."""
        cell = self.ground_cell
        while (cols := int(self.world_width / cell) + 1) * (
            rows := int(self.world_height / cell) + 1
        ) > GROUND_CELLS_MAX:
            cell *= 2.0
        return Extent(
            self.max_entities, self.resources, cols, rows, cell,
            self.world_width, self.world_height,
        )  # fmt: skip


FOUNDING_KEYS: Final = tuple(
    place.name for place in fields(WorldSettings) if place.name != "parameters"
)
_REALS: Final = {
    "world_width": (10.0, SIDE_MAX),
    "world_height": (10.0, SIDE_MAX),
    "tick_rate_ms": (0.01, 60_000.0),
    "founder_variety": (0.0, 1.0),
    "founder_age_share": (0.0, 1.0),
    "hill_length": (10.0, SIDE_MAX),
    "hill_height": (0.0, 1000.0),
    "hill_warmth": (-50.0, 50.0),
    "fertility_contrast": (0.0, 1.0),
    "ground_cell": (5.0, SIDE_MAX),
}
"""Smallest and largest value of each key that is a real number."""


def parse_settings(values: Mapping[str, Any], entities: int | None = None) -> WorldSettings:
    """Check plain data (keys of `config/world.yaml`) and return the settings.

    Args:
        values: what is missing takes its default.
        entities: the scale rule of `molt world run --entities`: founders and slots become this
            many, food places entities / 500 times as many, and both sides grow by the root of
            that, so that the crowding stays that of the settings.

    Raises:
        ConfigError: unknown key, wrong type, or a number out of its range.
    """
    known = {*FOUNDING_KEYS, *(parameter.name for parameter in PARAMETERS)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"cannot use world.{unknown[0]}: there is no such key")
    defaults = WorldSettings()
    reals = {
        key: _number(values, key, getattr(defaults, key), low, high)
        for key, (low, high) in _REALS.items()
    }
    slots = _whole(values, "max_entities", STANDARD_ENTITIES, 1, ENTITIES_LIMIT)
    places = _whole(values, "resources", slots, 1, RESOURCES_LIMIT)
    founders = _whole(values, "entities", slots * FOUNDERS // STANDARD_ENTITIES, 0, slots)
    if entities is not None:
        if not 1 <= entities <= ENTITIES_LIMIT:
            raise ConfigError(f"cannot found {entities} Molbots: 1 to {ENTITIES_LIMIT} are allowed")
        scale = entities / STANDARD_ENTITIES
        reals["world_width"] *= math.sqrt(scale)
        reals["world_height"] *= math.sqrt(scale)
        places = min(max(round(places * scale), 1), RESOURCES_LIMIT)
        slots = founders = entities
    return WorldSettings(
        seed=_whole(values, "seed", 1, 0, 2**64 - 1),
        entities=founders,
        max_entities=slots,
        resources=places,
        parameters=tuple(_parameters(values)),
        **reals,
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
            f"cannot use world.{key} = {show(value)}: it takes a number from {low:g} to {high:g}"
        )
    return float(value)


def _whole(values: Mapping[str, Any], key: str, default: int, low: int, high: int) -> int:
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(
            f"cannot use world.{key} = {show(value)}: it takes a whole number from {low} to {high}"
        )
    return value
