"""The `chronos` zone: snapshots of arenas.

Owns: the loop, the requests `snapshot` and `snapshots`, what the heartbeat says is degraded. Does
not own: what is done for one arena (`snapshots.py`), when (`retention.py`). Apart from the archive
(`zones/ledger`) because compressing and syncing a snapshot would hold its acknowledgements up.
The one file of this service that reads the clock. A full or read-only disk never ends it: it says
so and tries again; the world does not notice.
"""

import time
from typing import Any, Final

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.messages import Degraded, Drain, Request
from zones.chronos.settings import KEYS, parse_settings
from zones.chronos.snapshots import ArenaSnapshots
from zones.runtime.enclosing import Reach
from zones.runtime.generation import Progress, untold
from zones.runtime.seat import BusSeat

POLL_S: Final = 0.05
LISTED_MAX: Final = 100
REQUESTS: Final = ("snapshot", "snapshots")


class Generation:
    """One version of the service's code with its settings.

    No ZeroMQ context, no thread, no file: a fork follows.

    Raises:
        ConfigError: the settings are wrong.
    """

    def __init__(self, settings: dict[str, Any], _progress: Progress = untold) -> None:
        self._settings = parse_settings(settings)
        self.facts: dict[str, Any] = {
            "service": "chronos",
            "requests": list(REQUESTS),
            "settings": [key.fields() for key in KEYS],
        }

    def reach(self) -> Reach:
        """It needs its home only."""
        return Reach()

    def run(self, seat: BusSeat) -> None:
        """Serve until the kernel says drain."""
        directory = seat.home / "data" / "snapshots"

        def pulse() -> None:
            seat.bus.progress += 1
            seat.bus.beat()

        arenas = {
            zone: ArenaSnapshots(zone, words, directory, self._settings, seat.log, pulse)
            for zone, words in sorted(seat.arenas.items())
        }
        _step(seat, arenas)
        seat.bus.ready({"arenas": {zone: arena.facts() for zone, arena in arenas.items()}})
        while True:
            for message in seat.bus.poll(POLL_S):
                if isinstance(message, Drain):
                    _step(seat, arenas)
                    return
                _answer(seat, arenas, message)
            _step(seat, arenas)


def _step(seat: BusSeat, arenas: dict[str, ArenaSnapshots]) -> None:
    degraded: list[Degraded] = []
    for arena in arenas.values():
        arena.keep_snapshot(time.monotonic())
        degraded += arena.degraded()
    seat.bus.progress += 1
    seat.bus.degraded = tuple(degraded)


def _answer(seat: BusSeat, arenas: dict[str, ArenaSnapshots], request: Request) -> None:
    try:
        arena = _find(arenas, request)
        if request.name == "snapshot":
            seat.bus.reply(request, _take(arena))
        else:
            seat.bus.reply(request, {"snapshots": arena.listed()[:LISTED_MAX]})
    except MoltError as error:
        seat.log.warning("chronos.request_refused", request=request.name, why=error.message)
        seat.bus.refuse(request, error.message)


def _find(arenas: dict[str, ArenaSnapshots], request: Request) -> ArenaSnapshots:
    if request.name not in REQUESTS:
        raise Refused(f"cannot do {request.name!r}: chronos does snapshot and snapshots")
    zone = request.args.get("zone", "stable")
    if set(request.args) - {"zone"} or not isinstance(zone, str) or zone not in arenas:
        raise Refused(f"cannot do {request.name}: {request.args!r}; arenas: {sorted(arenas)}")
    return arenas[zone]


def _take(arena: ArenaSnapshots) -> dict[str, Any]:
    began_s = time.monotonic()
    info = arena.take_snapshot(began_s)
    return {
        "tick": info.name.tick,
        "path": str(info.path),
        "bytes": info.file_bytes,
        "seconds": round(time.monotonic() - began_s, 6),
    }
