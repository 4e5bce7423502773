"""The archive's settings, `config/archive.yaml`.

Owns: the keys, their types and limits. Does not own: reading the file (the host does).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from Kernel.contract.errors import ConfigError

_LIMITS: Final = {
    "snapshot_interval_ticks": (1, 10_000_000),
    "snapshots_kept": (1, 100),
    "journal_file_mb": (1, 4096),
    "journal_files_kept": (1, 1000),
}


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
        ConfigError: unknown key, or a value that is no whole number within its limits.
    """
    unknown = sorted(set(given) - {field.name for field in fields(ArchiveSettings)})
    if unknown:
        raise ConfigError(f"cannot use config/archive.yaml: unknown key {unknown[0]!r}")
    for key, value in given.items():
        low, high = _LIMITS[key]
        if type(value) is not int or not low <= value <= high:
            raise ConfigError(
                f"cannot use config/archive.yaml: {key} is {value!r}, "
                f"it takes a whole number from {low} to {high}"
            )
    return ArchiveSettings(**given)
