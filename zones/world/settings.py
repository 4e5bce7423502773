"""What a world is founded with: parsed once from plain data into one frozen record.

Owns: keys, ranges, defaults, the scale rule. Does not own: reading files (the caller does) nor
changing parameters later (`inbox.py`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from Kernel.contract.errors import ConfigError, Fault
from Kernel.contract.inputs import MEMORY_MAX
from Kernel.contract.settings import Effect, Key, Sort, read_values
from zones.traits.contract import MEMORY_SLOTS
from zones.world.columns import Extent
from zones.world.parameters import PARAMETERS

ENTITIES_LIMIT: Final = 4_000_000
RESOURCES_LIMIT: Final = 8_000_000
SIDE_MAX: Final = 1_000_000.0
REPLAY_TICKS_LIMIT: Final = 1_000_000_000
HOURS_MAX: Final = 24.0 * 365
MUTATIONS_MAX: Final = 1_000_000
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
        trait_memory_slots: places of 8 bytes that each Molbot's traits share.
        replay_ticks_max: ticks, the most that are computed again after the world was restored.
        soft_restart_interval_hours, soft_restart_mutation_threshold: when the kernel starts a
            generation anew; the world itself does not ask for them.
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
    trait_memory_slots: int = MEMORY_SLOTS
    replay_ticks_max: int = 100_000
    soft_restart_interval_hours: float = 24.0
    soft_restart_mutation_threshold: int = 1000
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
            self.world_width, self.world_height, self.trait_memory_slots,
        )  # fmt: skip


FILE: Final = "world.yaml"
_DEFAULTS: Final = WorldSettings()
_REALS: Final = tuple(
    Key(name, Sort.NUMBER, getattr(_DEFAULTS, name), low, high, unit, Effect.FOUNDING)
    for name, low, high, unit in (
        ("world_width", 10.0, SIDE_MAX, "length"),
        ("world_height", 10.0, SIDE_MAX, "length"),
        ("founder_variety", 0.0, 1.0, "share"),
        ("founder_age_share", 0.0, 1.0, "share of age_max"),
        ("hill_length", 10.0, SIDE_MAX, "length"),
        ("hill_height", 0.0, 1000.0, "length"),
        ("hill_warmth", -50.0, 50.0, "degrees Celsius"),
        ("fertility_contrast", 0.0, 1.0, "share"),
        ("ground_cell", 5.0, SIDE_MAX, "length"),
    )
)
FOUNDING: Final = (
    Key("seed", Sort.WHOLE, _DEFAULTS.seed, 0, 2**64 - 1, effect=Effect.FOUNDING),
    # Slots decide these two where they are left out, so that the crowding stays.
    Key(
        "entities",
        Sort.WHOLE,
        None,
        0,
        ENTITIES_LIMIT,
        "Molbots",
        Effect.FOUNDING,
        of=("max_entities", FOUNDERS, STANDARD_ENTITIES),
    ),
    Key("max_entities", Sort.WHOLE, STANDARD_ENTITIES, 1, ENTITIES_LIMIT, "Molbots", Effect.BOOT),
    Key(
        "resources",
        Sort.WHOLE,
        None,
        1,
        RESOURCES_LIMIT,
        "places",
        Effect.FOUNDING,
        of=("max_entities", 1, 1),
    ),
    *_REALS,
    # Pacing is told when an arena is opened, and by nobody later.
    Key("tick_rate_ms", Sort.NUMBER, _DEFAULTS.tick_rate_ms, 0.01, 60_000.0, "ms", Effect.BOOT),
    Key(
        "trait_memory_slots",
        Sort.WHOLE,
        _DEFAULTS.trait_memory_slots,
        1,
        MEMORY_MAX,
        "places of 8 bytes",
        Effect.BOOT,
    ),
    Key(
        "replay_ticks_max",
        Sort.WHOLE,
        _DEFAULTS.replay_ticks_max,
        0,
        REPLAY_TICKS_LIMIT,
        "ticks",
        Effect.BOOT,
    ),
    # Read by the kernel (`Kernel/core/zone_renewal.py`).
    Key(
        "soft_restart_interval_hours",
        Sort.NUMBER,
        _DEFAULTS.soft_restart_interval_hours,
        0.0,
        HOURS_MAX,
        "hours, 0: never",
    ),
    Key(
        "soft_restart_mutation_threshold",
        Sort.WHOLE,
        _DEFAULTS.soft_restart_mutation_threshold,
        0,
        MUTATIONS_MAX,
        "mutations, 0: never",
    ),
)
"""Keys that describe how a world is made; the others are its parameters."""
FOUNDING_KEYS: Final = tuple(key.name for key in FOUNDING)
KEYS: Final = (
    *FOUNDING,
    *(
        Key(
            each.name,
            Sort.WHOLE if each.whole else Sort.NUMBER,
            each.default,
            each.low,
            each.high,
            each.unit,
            Effect.TICK,
        )
        for each in PARAMETERS
    ),
)


def parse_settings(values: Mapping[str, Any], entities: int | None = None) -> WorldSettings:
    """Check plain data (keys of `config/world.yaml`) and return the settings.

    Args:
        values: what is missing takes its default.
        entities: the scale rule of `molt world run --entities`: founders and slots become this
            many, food places entities / 500 times as many, and both sides grow by the root of
            that, so that the crowding stays that of the settings.

    Raises:
        ConfigError: unknown keys, wrong types, or numbers out of their range.
    """
    read, faults = read_values(KEYS, values)
    slots = read.get("max_entities", STANDARD_ENTITIES)
    founders = read.get("entities", 0)
    if not faults and founders > slots:
        why = f"is {founders}, it takes no more than max_entities, which is {slots}"
        faults.append(Fault("entities", why))
    if faults:
        raise ConfigError.of(FILE, faults)
    if entities is not None:
        _scale(read, entities)
    parameters = tuple(float(read.pop(parameter.name)) for parameter in PARAMETERS)
    return WorldSettings(parameters=parameters, **read)


def _scale(read: dict[str, Any], entities: int) -> None:
    if not 1 <= entities <= ENTITIES_LIMIT:
        raise ConfigError(f"cannot found {entities} Molbots: 1 to {ENTITIES_LIMIT} are allowed")
    scale = entities / STANDARD_ENTITIES
    read["world_width"] *= math.sqrt(scale)
    read["world_height"] *= math.sqrt(scale)
    read["resources"] = min(max(round(read["resources"] * scale), 1), RESOURCES_LIMIT)
    read["max_entities"] = read["entities"] = entities
