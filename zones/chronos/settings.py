"""The settings of the zone `chronos`, `config/chronos.yaml`.

Owns: the keys, their types and limits. Does not own: reading the file (the host does).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.errors import ConfigError
from Kernel.contract.settings import Effect, Key, Sort, read_values

FILE: Final = "chronos.yaml"
KEYS: Final = tuple(
    Key(name, Sort.WHOLE, default, low, high, unit, Effect.GENERATION)
    for name, default, low, high, unit in (
        ("snapshot_interval_ticks", 300, 1, 10_000_000, "ticks"),
        ("snapshots_kept", 3, 1, 100, "snapshots"),
    )
)


@dataclass(frozen=True, slots=True)
class ChronosSettings:
    """What it may be told; each key is explained in `config/chronos.yaml`."""

    snapshot_interval_ticks: int = 300
    snapshots_kept: int = 3


def parse_settings(given: Mapping[str, Any]) -> ChronosSettings:
    """Check plain data and return the settings; a key left out has its default.

    Raises:
        ConfigError: unknown keys, or values that are no whole number within their limits.
    """
    values, faults = read_values(KEYS, given)
    if faults:
        raise ConfigError.of(FILE, faults)
    return ChronosSettings(**values)
