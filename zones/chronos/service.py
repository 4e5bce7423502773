"""The `archive` zone, first version: snapshots of arenas and the journal of their events.

Owns: the loop, the requests `snapshot` and `snapshots`, what the heartbeat says is degraded. Does
not own: what one arena's archive does (`arena_archive.py`), when (`retention.py`).
The one file of this service that reads the clock. A full or read-only disk never ends it: it says
so and tries again; the world does not notice.
"""

import time
from typing import Any, Final

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.messages import Degraded, Drain, Request
from zones.chronos.arena_archive import ArenaArchive, Directories
from zones.chronos.settings import KEYS, parse_settings
from zones.runtime.generation import Progress, untold
from zones.runtime.seat import BusSeat

POLL_S: Final = 0.05
LISTED_MAX: Final = 100
REQUESTS: Final = ("snapshot", "snapshots")


class Generation:
    """One version of the archive's code with its settings.

    No ZeroMQ context, no thread, no file: a fork follows.

    Raises:
        ConfigError: the settings are wrong.
    """

    def __init__(self, settings: dict[str, Any], _progress: Progress = untold) -> None:
        self._settings = parse_settings(settings)
        self.facts: dict[str, Any] = {
            "service": "archive",
            "requests": list(REQUESTS),
            "settings": [key.fields() for key in KEYS],
        }

    def run(self, seat: BusSeat) -> None:
        """Serve until the kernel says drain."""
        directories = Directories(seat.home / "data" / "snapshots", seat.home / "data" / "journal")

        def pulse() -> None:
            seat.bus.progress += 1
            seat.bus.beat()

        archives = {
            zone: ArenaArchive(
                zone,
                words,
                seat.sides[zone],
                directories,
                self._settings,
                seat.log,
                pulse,
                time.time,
            )
            for zone, words in sorted(seat.arenas.items())
        }
        _step(seat, archives)
        seat.bus.ready({"arenas": {zone: archive.facts() for zone, archive in archives.items()}})
        while True:
            for message in seat.bus.poll(POLL_S):
                if isinstance(message, Drain):
                    _step(seat, archives)
                    for archive in archives.values():
                        archive.close()
                    return
                _answer(seat, archives, message)
            _step(seat, archives)


def _step(seat: BusSeat, archives: dict[str, ArenaArchive]) -> None:
    degraded: list[Degraded] = []
    for archive in archives.values():
        archive.store_events(time.monotonic())
        archive.keep_snapshot(time.monotonic())
        degraded += archive.degraded()
    seat.bus.progress += 1
    seat.bus.degraded = tuple(degraded)


def _answer(seat: BusSeat, archives: dict[str, ArenaArchive], request: Request) -> None:
    try:
        archive = _find(archives, request)
        if request.name == "snapshot":
            seat.bus.reply(request, _take(archive))
        else:
            seat.bus.reply(request, {"snapshots": archive.listed()[:LISTED_MAX]})
    except MoltError as error:
        seat.log.warning("archive.request_refused", request=request.name, why=error.message)
        seat.bus.refuse(request, error.message)


def _find(archives: dict[str, ArenaArchive], request: Request) -> ArenaArchive:
    if request.name not in REQUESTS:
        raise Refused(f"cannot do {request.name!r}: the archive does snapshot and snapshots")
    zone = request.args.get("zone", "stable")
    if set(request.args) - {"zone"} or not isinstance(zone, str) or zone not in archives:
        raise Refused(f"cannot do {request.name}: {request.args!r}; arenas: {sorted(archives)}")
    return archives[zone]


def _take(archive: ArenaArchive) -> dict[str, Any]:
    began_s = time.monotonic()
    info = archive.take_snapshot(began_s)
    return {
        "tick": info.name.tick,
        "path": str(info.path),
        "bytes": info.file_bytes,
        "seconds": round(time.monotonic() - began_s, 6),
    }
