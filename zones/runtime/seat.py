"""What a bus zone's process is given to work with.

Owns: the record. Does not own: filling it (`host.py`).
"""

from dataclasses import dataclass, field
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from Kernel.contract.arena import ArenaWords
from Kernel.contract.parameters import Parameter
from zones.runtime.bus_client import BusClient


@dataclass(frozen=True, slots=True)
class BusSeat:
    """One process of a bus zone.

    Args:
        arenas: read-only mappings of the arenas it may read, by zone.
        sides: the side pages of the same, writable: acknowledgements go there.
        bus_dir_fd: the opened bus directory, where the endpoint for its own events is.
        parameters: of the worlds it reads, by zone, as their generations tell of them.
        listeners: listening sockets of the user bus by whose they are, if it is the broker; not
            blocking, and shared with every process of the zone.
        kernel_pid: of the kernel that has had this process forked; 0: there is none.
        log: a structlog logger on stderr, which the kernel captures.
    """

    zone: str
    home: Path
    bus: BusClient
    arenas: dict[str, ArenaWords]
    sides: dict[str, memoryview]
    log: FilteringBoundLogger
    bus_dir_fd: int = -1
    listeners: dict[str, int] = field(default_factory=dict)
    parameters: dict[str, tuple[Parameter, ...]] = field(default_factory=dict)
    kernel_pid: int = 0
