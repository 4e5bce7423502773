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
    """The place of a service in a bus zone.

    Attributes:
        zone: the zone hosted here, such as "archive".
        home: HOME; the service writes below its data/ only.
        settings: the service's own configuration, plain data, not checked yet.
        bus: the road to the kernel, hello already said.
        arenas: read-only mappings of the arenas there are, by zone; accepted by `check_arena`.
        sides: the side mapping of each of them, writable (`Side`).
        log: to stderr, which the kernel captures.
    """

    @property
    def zone(self) -> str: ...  # noqa: D102  # the attributes are described above

    @property
    def home(self) -> Path: ...  # noqa: D102

    @property
    def settings(self) -> Mapping[str, Any]: ...  # noqa: D102

    @property
    def bus(self) -> BusClient: ...  # noqa: D102

    @property
    def arenas(self) -> Mapping[str, ArenaWords]: ...  # noqa: D102

    @property
    def sides(self) -> Mapping[str, memoryview]: ...  # noqa: D102

    @property
    def log(self) -> FilteringBoundLogger: ...  # noqa: D102
