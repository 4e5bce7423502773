"""What a bus zone's process is given to work with.

Owns: the record. Does not own: filling it (`host.py`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from structlog.typing import FilteringBoundLogger

from Kernel.contract.arena import ArenaWords
from zones.runtime.bus_client import BusClient


@dataclass(frozen=True, slots=True)
class BusSeat:
    """One process of a bus zone.

    Args:
        settings: its yaml file as plain data.
        arenas: read-only mappings of the arenas it may read, by zone.
        sides: the side pages of the same, writable: acknowledgements go there.
        log: a structlog logger on stderr, which the kernel captures.
    """

    zone: str
    home: Path
    settings: dict[str, Any]
    bus: BusClient
    arenas: dict[str, ArenaWords]
    sides: dict[str, memoryview]
    log: FilteringBoundLogger
