"""A child that floods the user bus, and looks whether it is answered as it must be.

Owns: what is said at the endpoints of `run/bus`, and what must come back. Does not own: the other
doors (`pestering.py`). What is in good order is stored; nothing is said that the archive would have
to put on record as refused or lost, since that is what a campaign takes for a loss.
It ends with 0 when what is good was stored and who says nonsense was hung up on.

    python -m tools.chaos.bus_pestering HOME SECONDS SEED
"""

import secrets
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from Kernel.contract.envelope import pack_envelope
from Kernel.contract.kinds import Story, make_event
from Kernel.contract.places import BUS
from Kernel.contract.user_bus import (
    EPOCH_BYTES,
    MESSAGE_BYTES_MAX,
    PROTOCOL,
    Follow,
    Hello,
    Put,
    Stored,
    endpoint_name,
    pack_message,
    parse_from_archive,
)
from tools.chaos.peer import connect

EVENTS_MAX: Final = 15_000
"""Good ones of one flood."""
BATCH: Final = 64
AT_ONCE: Final = 40
"""Connections held open at an endpoint that say nothing good: more than its share."""
PATIENCE_S: Final = 20.0
LITTLE_S: Final = 0.02
HUNG_UP: Final = "hung up"
STORED: Final = "stored"


def main(arguments: list[str]) -> int:
    """Flood the bus; 0: all was as it must be."""
    home, seconds, seed = arguments
    counts = flood(Path(home), time.monotonic() + float(seconds), Random(int(seed)))
    unseen = [each for each in (STORED, HUNG_UP) if not counts[each]]
    if unseen:
        print(f"flood user bus: nothing was {' nor '.join(unseen)}: {counts}", file=sys.stderr)
    return 1 if unseen else 0


def flood(home: Path, until_s: float, chance: Random) -> Counter[str]:
    """Say as much that is good as is taken, and nonsense beside it, at every endpoint."""
    counts: Counter[str] = Counter()
    zones = sorted(
        each.stem.removeprefix("events-") for each in (home / BUS).glob(endpoint_name("*"))
    )
    honest = Honest(home, chance.choice(zones), chance)
    mad: list[socket.socket] = []
    end_s = until_s + PATIENCE_S
    while (now_s := time.monotonic()) < until_s or (
        now_s < end_s and not (counts[STORED] and counts[HUNG_UP])
    ):
        counts[STORED] += honest.turn() if counts[STORED] < EVENTS_MAX else 0
        zone = chance.choice(zones)
        with suppress(OSError):  # many wait to be let in
            mad.append(_open(home, zone))
            _rave(mad[-1], zone, chance)
        if len(mad) > AT_ONCE:
            road = mad.pop(chance.randrange(len(mad)))
            counts[HUNG_UP] += _was_hung_up(road)
            road.close()
    honest.close()
    for road in mad:
        counts[HUNG_UP] += _was_hung_up(road)
        road.close()
    return counts


class Honest:
    """A sender in good order, as one more life of a zone."""

    def __init__(self, home: Path, zone: str, chance: Random) -> None:
        self._home = home
        self._zone = zone
        self._chance = chance
        self._epoch = secrets.token_bytes(EPOCH_BYTES)
        self._settled = 0
        self._road: socket.socket | None = None

    def turn(self) -> int:
        """Send some events and wait until they are stored; return how many are now."""
        try:
            if self._road is None:
                self._road = _open(self._home, self._zone)
                self._road.settimeout(PATIENCE_S)
                self._road.send(
                    pack_message(Hello(PROTOCOL, self._zone, self._epoch, self._settled + 1))
                )
            self._road.send(pack_message(Put(self._settled + 1, self._events())))
            return self._hear(self._settled + BATCH)
        except OSError:  # the archive is away, or has no room for one more
            self.close()
            time.sleep(LITTLE_S)
            return 0

    def close(self) -> None:
        """Hang up."""
        if self._road is not None:
            self._road.close()
            self._road = None

    def _events(self) -> list[bytes]:
        fields = {"sender": "flood", "recipient": "nobody", "subject": "", "text": "x" * 40}
        story = Story(self._zone, time.time_ns())
        return [
            pack_envelope(make_event("agent.messaged", fields, story, self._chance.randbytes(10)))
            for _ in range(BATCH)
        ]

    def _hear(self, number: int) -> int:
        assert self._road is not None
        while data := self._road.recv(MESSAGE_BYTES_MAX):
            answer = parse_from_archive(data)
            if isinstance(answer, Stored) and answer.number >= number:
                self._settled = answer.number
                return BATCH
        raise ConnectionError


def _open(home: Path, zone: str) -> socket.socket:
    road = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    road.setblocking(False)
    try:
        connect(road, home / BUS / endpoint_name(zone))
    except OSError:
        road.close()
        raise
    return road


def _rave(road: socket.socket, zone: str, chance: Random) -> None:
    """Say something no sender says, or nothing."""
    epoch = secrets.token_bytes(EPOCH_BYTES)
    said = chance.choice(
        (
            b"",
            b"\xc1",
            chance.randbytes(300),
            b"\x91" * 5000,
            chance.randbytes(MESSAGE_BYTES_MAX + 1),
            pack_message(Hello(PROTOCOL + 1, zone, epoch, 1)),
            pack_message(Hello(PROTOCOL, "stable", epoch, 1)),
            pack_message(Put(1, [b"no record"])),
            pack_message(Follow(PROTOCOL, 1)),
        )
    )
    if said:
        road.send(said)


def _was_hung_up(road: socket.socket) -> bool:
    """Tell whether the other side has: all that it said before is read first."""
    try:
        while road.recv(MESSAGE_BYTES_MAX):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
