"""Which world a home has and by which service it is run, written down while all is well.

Owns: HOME/data/known-world.json. Safe mode cannot read the configuration: that takes packages, and
may be what is broken. So the kernel leaves this when its zones are ready. Standard library only.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLACE = Path("data", "known-world.json")
BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class KnownWorld:
    """The world people mean. What is not said is what a home has that never was changed.

    Args:
        settings: what its service was told, as plain data.
    """

    zone: str = "stable"
    service: str = "zones.world"
    settings: dict[str, Any] = field(default_factory=dict)


def save_known_world(home: Path, world: KnownWorld) -> None:
    """Write it down; readers see the old or the new file, whole.

    Raises:
        OSError: the disk is full or not writable.
        ValueError: the settings are no plain data.
    """
    fields = {"zone": world.zone, "service": world.service, "settings": world.settings}
    path = home / PLACE
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(fields, allow_nan=False), encoding="utf-8")
    os.replace(fresh, path)


def load_known_world(home: Path) -> KnownWorld:
    """Return what was written down; the world of an unchanged home when nothing can be read."""
    try:
        text = (home / PLACE).read_bytes()[:BYTES_MAX]
        fields = json.loads(text)
        return KnownWorld(
            zone=str(fields["zone"]),
            service=str(fields["service"]),
            settings=dict(fields["settings"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return KnownWorld()
