"""The archive's settings, `config/archive.yaml`.

Owns: the keys, their types and limits. Does not own: reading the file (the host does).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.errors import ConfigError
from Kernel.contract.settings import Effect, Key, Sort, read_values

FILE: Final = "archive.yaml"
KEYS: Final = tuple(
    Key(name, Sort.WHOLE, default, low, high, unit, Effect.GENERATION)
    for name, default, low, high, unit in (
        ("snapshot_interval_ticks", 300, 1, 10_000_000, "ticks"),
        ("snapshots_kept", 3, 1, 100, "snapshots"),
        ("journal_file_mb", 64, 1, 4096, "MB"),
        ("journal_files_kept", 8, 1, 1000, "files"),
    )
)


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """What the archive may be told; each key is explained in `config/archive.yaml`."""

    snapshot_interval_ticks: int = 300
    snapshots_kept: int = 3
    journal_file_mb: int = 64
    journal_files_kept: int = 8


def parse_settings(given: Mapping[str, Any]) -> ArchiveSettings:
    """Check plain data and return the settings; a key left out has its default.

    Raises:
        ConfigError: unknown keys, or values that are no whole number within their limits.
    """
    values, faults = read_values(KEYS, given)
    if faults:
        raise ConfigError.of(FILE, faults)
    return ArchiveSettings(**values)
