"""An archive on paper with real sockets: its bus, followers and loop over a log in memory.

Owns: endpoints in a folder, turning the loop by hand or in a thread. Does not own: processes.
"""

import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from Kernel.contract.envelope import Envelope
from Kernel.contract.kinds import Story, make_event
from Kernel.contract.messages import Degraded, Drain, Request
from Kernel.contract.user_bus import (
    MESSAGE_BYTES_MAX,
    FromArchive,
    FromSender,
    endpoint_name,
    pack_message,
    parse_from_archive,
)
from tests.support.logs import QuietLog
from tests.zones.ledger.paper_log import PaperLog
from zones.ledger.archive import Archive, OwnQueue, Source, keep_and_tell
from zones.ledger.bus_server import BusServer
from zones.ledger.committer import Committer
from zones.ledger.derived_tables import DerivedTables
from zones.ledger.followers import Followers, Recent
from zones.ledger.own_events import OwnEvents
from zones.ledger.poller import Poller
from zones.runtime.user_bus import Connect, UserBus, connector

NOW_NS = 1_800_000_000_000_000_000
_NUMBERS = itertools.count(1)


class PaperSource:
    """The log in memory as derived tables read it."""

    def __init__(self, log: PaperLog) -> None:
        self._log = log

    @property
    def newest(self) -> int:
        """Return the newest position."""
        return self._log.newest

    def read(self, first: int, last: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield records."""
        return iter(self._log.read(first))

    def close(self) -> None:
        """Have nothing to close."""


class PaperControl:
    """The road to a kernel that says nothing unless it is told to."""

    def __init__(self) -> None:
        self.progress = 0
        self.degraded: tuple[Degraded, ...] = ()
        self.messages: list[Drain | Request] = []
        self.replies: list[dict[str, Any]] = []
        self._read, self._write = os.pipe()

    def fileno(self) -> int:
        """Return a descriptor that is never ready."""
        return self._read

    def poll(self, timeout_s: float) -> list[Drain | Request]:
        """Give what the test has put there."""
        if timeout_s and not self.messages:
            time.sleep(min(timeout_s, 0.002))
        return [self.messages.pop(0)] if self.messages else []

    def beat(self) -> int:
        """Do nothing."""
        return 0

    def reply(self, request: Request, result: dict[str, Any]) -> None:
        """Keep the answer."""
        self.replies.append(result)

    def refuse(self, request: Request, error: str) -> None:
        """Keep the refusal."""
        self.replies.append({"error": error})

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self._read)
        os.close(self._write)


def event(number: int | None = None, zone: str = "sandbox", **payload: Any) -> Envelope:
    """Return an event of a zone; every one is another."""
    serial = next(_NUMBERS)
    told: dict[str, Any] = {"agent": "coder", "action": "says", "message": str(number or serial)}
    told["metadata"] = payload
    return make_event("feed", told, Story(zone, NOW_NS + serial), serial.to_bytes(10, "big"))


class BusBench:
    """One archive after the other on the same endpoints and the same log."""

    def __init__(self, folder: Path, zones: Sequence[str] = ("sandbox", "kernel")) -> None:
        self.folder = folder
        self.log = PaperLog()
        self.said = QuietLog()
        (folder / "bus").mkdir()
        self.directory = os.open(folder / "bus", os.O_RDONLY | os.O_DIRECTORY)
        self.listeners: dict[str, socket.socket] = {}
        for zone in zones:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(f"/proc/self/fd/{self.directory}/{endpoint_name(zone)}")
            listener.listen(64)
            listener.setblocking(False)
            self.listeners[zone] = listener
        self.senders: list[UserBus] = []
        self.peers: list[Peer] = []
        self.archive: Archive | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.connections_max = 16
        self.bus_now_s = 0.0
        self.others: dict[str, Source] = {}
        self.recent_bytes = 1 << 20

    def start(self) -> Archive:
        """Put an archive together; what was in memory of the last one is gone."""
        self.control = PaperControl()
        self.poller = Poller()
        own = OwnEvents("archive", lambda: NOW_NS, lambda: b"0123456789")
        queue = OwnQueue(own)
        recent = Recent(self.recent_bytes)
        recent.newest = self.log.newest
        self.followers = Followers(recent, lambda position: iter(self.log.read(position)))
        committer = Committer(
            lambda: self.log,  # type: ignore[arg-type, return-value]  # it stands for a log
            keep_and_tell(recent, self.followers),
            self.said,  # type: ignore[arg-type]  # only what is called is there
        )
        self.bus = BusServer(
            {zone: listener.fileno() for zone, listener in self.listeners.items()},
            self.poller,
            self.log.sender_stored,
            lambda: recent.newest,
            self.followers,
            own,
            self.connections_max,
            lambda: self.bus_now_s,
            self.said,  # type: ignore[arg-type]  # only what is called is there
        )
        self.archive = Archive(
            self.control,
            self.poller,
            committer,
            {},
            self.bus,
            self.others,
            self.followers,
            queue,
            DerivedTables({}, lambda: PaperSource(self.log), time.monotonic, queue.tell),
            (lambda _budget_s: self.followers.catch_up(),),
            time.monotonic,
            self.said,  # type: ignore[arg-type]  # only what is called is there
            idle_s=0.001,
        )
        return self.archive

    def turn(self, count: int = 3) -> None:
        """Turn the loop by hand."""
        assert self.archive is not None
        for _ in range(count):
            self.archive.turn()

    def run(self) -> None:
        """Turn the loop in a thread until it is stopped."""
        archive = self.start()
        self._stop.clear()

        def loop() -> None:
            while not self._stop.is_set():
                archive.turn()

        self._thread = threading.Thread(target=loop)
        self._thread.start()

    def stop(self) -> None:
        """End the archive at once, as a kill would: nothing more is said to anybody."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self.archive is not None:
            self.bus.close()
            self.poller.close()
            self.control.close()
            self.archive = None

    def connector(self, zone: str = "sandbox") -> Connect:
        """Return what connects to an endpoint."""
        return connector(self.directory, zone)

    def sender(self, zone: str = "sandbox", epoch: bytes = b"epoch001", **more: Any) -> UserBus:
        """Return a sender; its files are in `folder/ahead`."""
        sender = UserBus(
            self.connector(zone),
            zone,
            epoch,
            self.folder / "ahead",
            time.monotonic,
            self.said.info,
            **more,
        )
        self.senders.append(sender)
        return sender

    def peer(self, zone: str = "sandbox") -> "Peer":
        """Return a connection that says what the test wants."""
        self.peers.append(Peer(self, self.connector(zone)()))
        return self.peers[-1]

    def messages(self) -> list[str]:
        """Return what the stored events say, in order."""
        return [e.payload_fields()["message"] for e in self.log.envelopes() if e.kind == "feed"]

    def close(self) -> None:
        """Close everything."""
        self.stop()
        for each in (*self.senders, *self.peers):
            each.close()
        for listener in self.listeners.values():
            listener.close()
        os.close(self.directory)


class Peer:
    """A raw connection."""

    def __init__(self, bench: BusBench, sock: socket.socket) -> None:
        self.bench = bench
        self.socket = sock

    def say(self, message: FromSender | bytes) -> None:
        """Send a message, or bytes that are none."""
        self.socket.send(message if isinstance(message, bytes) else pack_message(message))

    def heard(self) -> list[FromArchive]:
        """Turn the archive a little and return all that it has answered."""
        self.bench.turn()
        found: list[FromArchive] = []
        while True:
            try:
                data = self.socket.recv(MESSAGE_BYTES_MAX + 1)
            except BlockingIOError:
                return found
            except ConnectionResetError:
                data = b""
            if not data:
                raise EOFError("the archive has hung up")
            found.append(parse_from_archive(data))

    def close(self) -> None:
        """Hang up."""
        self.socket.close()
