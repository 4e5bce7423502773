"""The archive's settings, `config/archive.yaml`.

Owns: the keys, their types and limits. Does not own: reading the file (the host does).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.errors import ConfigError
from Kernel.contract.settings import Effect, Key, Sort, read_values

FILE: Final = "archive.yaml"
_NUMBERS: Final = tuple(
    Key(name, Sort.WHOLE, default, low, high, unit, Effect.GENERATION)
    for name, default, low, high, unit in (
        ("log_mb", 256, 1, 1_000_000, "MB"),
        ("segment_mb", 64, 1, 10_000, "MB"),
        ("connections_max", 64, 1, 1000, "connections"),
        ("recent_mb", 8, 1, 1024, "MB"),
        ("scribe_connections_max", 32, 1, 1000, "connections"),
        ("scribe_rate", 200, 1, 1_000_000, "events a second"),
        ("scribe_burst", 1000, 1, 1_000_000, "events"),
        ("scribe_total_rate", 2000, 1, 1_000_000, "events a second"),
        ("scribe_line_kb", 64, 1, 64, "KB"),
    )
)
KEYS: Final = (
    *_NUMBERS,
    Key("otlp_endpoint", Sort.TEXT, "", unit="URL", effect=Effect.GENERATION),
)


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """What the archive may be told; each key is explained in `config/archive.yaml`."""

    log_mb: int = 256
    segment_mb: int = 64
    connections_max: int = 64
    recent_mb: int = 8
    scribe_connections_max: int = 32
    scribe_rate: int = 200
    scribe_burst: int = 1000
    scribe_total_rate: int = 2000
    scribe_line_kb: int = 64
    otlp_endpoint: str = ""


def parse_settings(given: Mapping[str, Any]) -> ArchiveSettings:
    """Check plain data and return the settings; a key left out has its default.

    Raises:
        ConfigError: unknown keys, or values that are not what their key takes.
    """
    values, faults = read_values(KEYS, given)
    if faults:
        raise ConfigError.of(FILE, faults)
    return ArchiveSettings(**values)
