"""molt's log across processes: a sender here, the archive's loop, sockets and log in a process.

Owns: one such pair, and stopping the archive while it is not its turn: what it does when it has
nothing to store (carrying the log on, making indexes) would else slow the others. Does not own: the
archive (`tests/support/lone_archive.py` runs the real one), the senders.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path
from typing import Final

from Kernel.contract.envelope import Envelope
from tests.bench.ledger_stores import ZONE, Pace, make_bench_event, repeat
from tests.support.lone_archive import lone_archive
from tests.support.plain_sender import PlainSender
from zones.runtime.ahead_file import new_epoch
from zones.runtime.user_bus import UserBus, connector

MADE: Final = 5000
"""So many events are made beforehand and sent in turn."""
FLUSH_S: Final = 20.0
LOOK_EVENTS: Final = 50
"""So many are sent between two looks at the clock."""


class BusStore:
    """The least a sender can do: records that are packed already, an outbox in memory.

    Args:
        sender: closed by its owner.
        archive: pid of the archive, stopped on entry.
    """

    def __init__(self, sender: PlainSender, archive: int, records: Sequence[bytes]) -> None:
        self._sender = sender
        self._archive = archive
        self._records = records

    def one(self, budget_s: float) -> Pace:
        """Publish, wait until it is on disk, go on."""
        records = cycle(self._records)
        with awake(self._archive):
            return repeat(lambda: self._sender.publish(next(records)), 1, budget_s)

    def many(self, budget_s: float) -> Pace:
        """Keep 1000 outstanding."""
        records, sender = cycle(self._records), self._sender
        with awake(self._archive):
            before = sender.settled
            began = time.perf_counter()
            while time.perf_counter() - began < budget_s:
                for _ in range(LOOK_EVENTS):
                    sender.send(next(records))
            sender.flush()
            return Pace(sender.settled - before, time.perf_counter() - began)


class UserBusStore:
    """molt's sender: envelopes that were made beforehand, as the product sends them.

    Args:
        bus: closed by its owner.
        archive: pid of the archive, stopped on entry.
        make: returns the next event.
    """

    def __init__(self, bus: UserBus, archive: int, make: Callable[[], Envelope]) -> None:
        self._bus = bus
        self._archive = archive
        self._make = make

    def one(self, budget_s: float) -> Pace:
        """Publish, wait until it is on disk, go on."""
        with awake(self._archive):
            return repeat(lambda: self._bus.publish(self._make()), 1, budget_s)

    def many(self, budget_s: float) -> Pace:
        """Keep 1000 outstanding."""
        bus = self._bus
        with awake(self._archive):
            sent = 0
            began = time.perf_counter()
            while time.perf_counter() - began < budget_s:
                for _ in range(LOOK_EVENTS):
                    bus.send(self._make())
                sent += LOOK_EVENTS
            bus.flush(FLUSH_S)
            return Pace(sent, time.perf_counter() - began)


@contextmanager
def awake(pid: int) -> Iterator[None]:
    """Let a stopped process run for as long as the block lasts."""
    os.kill(pid, signal.SIGCONT)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGSTOP)


@contextmanager
def open_plain_bus(folder: Path, records: Sequence[bytes]) -> Iterator[BusStore]:
    """Run an archive on a home in a folder, and connect the least a sender can be to it."""
    with lone_archive(folder / "plain-bus", ZONE) as archive:
        sender = PlainSender(archive.bus, ZONE)
        try:
            sender.publish(records[0])  # the first one connects
            os.kill(archive.pid, signal.SIGSTOP)
            yield BusStore(sender, archive.pid, records)
        finally:
            sender.close()


@contextmanager
def open_bus(folder: Path, name: str, made: bool) -> Iterator[UserBusStore]:
    """Run an archive on a home in a folder, and connect molt's sender to it.

    Args:
        made: events are made, validated and redacted beforehand, else one by one as they are sent.
    """
    home = folder / name
    numbers = count()
    ready = cycle([make_bench_event(number, ZONE) for number in range(MADE)])
    with lone_archive(home, ZONE) as archive:
        directory = os.open(archive.bus, os.O_RDONLY | os.O_DIRECTORY)
        bus = UserBus(
            connector(directory, ZONE),
            ZONE,
            new_epoch(time.time_ns(), os.urandom(10)),
            home / "ahead",
            time.monotonic,
            lambda _event, **_values: None,
        )
        try:
            bus.publish(next(ready))  # the first one connects
            os.kill(archive.pid, signal.SIGSTOP)
            make = ready.__next__ if made else lambda: make_bench_event(next(numbers), ZONE)
            yield UserBusStore(bus, archive.pid, make)
        finally:
            bus.close()
            os.close(directory)
