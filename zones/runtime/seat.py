"""What the host gives a service when it runs it in its own process.

Owns: the form of that gift. Does not own: making it (`zones/runtime/host.py`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from structlog.typing import FilteringBoundLogger

from Kernel.contract.arena import ArenaWords
from zones.runtime.bus_client import BusClient


class BusSeat(Protocol):
    """The place of a service in a bus zone."""

    @property
    def zone(self) -> str:
        """The zone hosted here, such as "archive"."""

    @property
    def home(self) -> Path:
        """HOME; the service writes below its data/ only."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The service's own configuration, plain data, not checked yet."""

    @property
    def bus(self) -> BusClient:
        """The road to the kernel, hello already said."""

    @property
    def arenas(self) -> Mapping[str, ArenaWords]:
        """Read-only mappings of the arenas there are, by zone; accepted by `check_arena`."""

    @property
    def sides(self) -> Mapping[str, memoryview]:
        """The side mapping of each of them, writable (`Side`)."""

    @property
    def log(self) -> FilteringBoundLogger:
        """Writes to stderr, which the kernel captures."""
