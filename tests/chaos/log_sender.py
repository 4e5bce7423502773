"""A sender under the kill-everything test: `python -m tests.chaos.log_sender ROAD HOME NAME NOTES`.

Owns: numbering events across all its lives, and a note before and after each. Sends until SIGTERM,
then makes everything durable and leaves with 0. With `--drain` it only hands in what earlier lives
have left in its write-ahead file.

ROAD "bus": as a bus zone, one at a time and in bursts. ROAD "scribe": as any program outside.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Protocol

from Kernel.contract.envelope import Envelope
from Kernel.contract.kinds import Story, make_event
from Kernel.contract.places import BUS
from tools.chaos.log_rules import acknowledged_note, parse_notes, sent_note
from zones.runtime.ahead_file import new_epoch
from zones.runtime.scribe import Scribe
from zones.runtime.user_bus import UserBus, connector

ZONE = "chronos"
"""Whose endpoint they use: that of a zone every kernel has."""
PAUSE_MAX_S = 0.006
BURST_MAX = 60
BURST_SHARE = 0.1
DURABLE_S = 40.0
PATIENCES_S = (0.02, 0.3, 2.0)
"""Some lives soon spill to the file, others wait for the archive."""


class Road(Protocol):
    """A way into the log."""

    def publish(self, number: int) -> int | None:
        """Make one event durable; return its position, None when it only waits in a file."""

    def burst(self, numbers: range) -> None:
        """Make many durable, all on their way at once."""

    def settle(self) -> None:
        """Hand in everything, files included, or raise."""

    def close(self) -> None:
        """Hang up."""


class BusRoad:
    """As a bus zone speaks."""

    def __init__(self, home: Path, name: str, patience_s: float) -> None:
        self._name = name
        bus = os.open(home / BUS, os.O_RDONLY | os.O_DIRECTORY)
        epoch = new_epoch(time.time_ns(), os.urandom(10))
        # A folder for each: in one, whoever comes first takes over what the other left.
        folder = home / f"ahead-{name}"
        self._bus = UserBus(
            connector(bus, ZONE), ZONE, epoch, folder, time.monotonic, say, patience_s
        )

    def publish(self, number: int) -> int | None:
        """Publish one."""
        return self._bus.publish(self._event(number)).position

    def burst(self, numbers: range) -> None:
        """Send all, then wait for all."""
        for number in numbers:
            self._bus.send(self._event(number))
        self._bus.flush(DURABLE_S)

    def settle(self) -> None:
        """Wait until the file is empty, too."""
        self._bus.settle(DURABLE_S)

    def close(self) -> None:
        """Hang up."""
        self._bus.close()

    def _event(self, number: int) -> Envelope:
        payload = {
            "agent": self._name,
            "action": "observe",
            "message": "numbered",
            "metadata": {"number": number},
        }
        return make_event("feed", payload, Story(ZONE, time.time_ns()), os.urandom(10))


class ScribeRoad:
    """As any program speaks."""

    def __init__(self, home: Path, name: str, patience_s: float) -> None:
        self._name = name
        self._scribe = Scribe(home, name, patience_s)

    def publish(self, number: int) -> int | None:
        """Emit one."""
        payload = {"sender": self._name, "number": number}
        return self._scribe.emit("test.numbered", payload).position

    def burst(self, numbers: range) -> None:
        """Emit all, as fast as may be: more than the archive takes from one client."""
        for number in numbers:
            self.publish(number)

    def settle(self) -> None:
        """Wait until the file is empty."""
        left = self._scribe.flush(DURABLE_S)
        assert not left, f"{left} events still wait"

    def close(self) -> None:
        """Hang up."""
        self._scribe.close()


def say(event: str, **values: object) -> None:
    """Keep what a road tells in the log of this life."""
    print(os.getpid(), round(time.monotonic(), 3), event, values, file=sys.stderr, flush=True)


def run(road: Road, notes: int, first: int, stop: list[int]) -> None:
    """Send until told to stop."""
    chance = random.Random(os.getpid() ^ time.monotonic_ns())
    number = first
    while not stop:
        count = chance.randint(2, BURST_MAX) if chance.random() < BURST_SHARE else 1
        numbers = range(number, number + count)
        number += count
        os.write(notes, b"".join(map(sent_note, numbers)))
        if count == 1:
            os.write(notes, acknowledged_note(numbers[0], road.publish(numbers[0])))
        else:
            road.burst(numbers)
            os.write(notes, b"".join(acknowledged_note(each, None) for each in numbers))
        time.sleep(chance.random() * PAUSE_MAX_S)


def main(words: list[str]) -> None:
    """Live one life."""
    kind, home, name, path, *options = words
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stop.append(number))
    notes = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    known = parse_notes(Path(path).read_bytes())
    os.write(notes, b"\n")  # ends a line that a kill has cut short
    roads = {"bus": BusRoad, "scribe": ScribeRoad}
    road: Road = roads[kind](Path(home), name, random.choice(PATIENCES_S))
    if "--drain" not in options:
        run(road, notes, max(known.sent, default=0) + 1, stop)
    road.settle()
    road.close()


if __name__ == "__main__":
    main(sys.argv[1:])
