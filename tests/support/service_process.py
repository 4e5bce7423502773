"""A service of a bus zone as a real process: a real fork, the real bus, a world ticking beside it.

Owns: the kernel's end of its road, an arena in shared memory, the listening sockets of the user
bus. Does not own: supervision (`Kernel/core`), what a service does.
"""

import mmap
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from Kernel.contract.arena import ArenaWords, Side, check_arena
from Kernel.contract.messages import Drain, Message, Ready, Reply, Request
from Kernel.contract.user_bus import SCRIBE, endpoint_name
from Kernel.core.event_bus import Endpoint, PrivateBus
from tests.support.logs import QuietLog
from tests.zones.runtime.small_arena import advance, arena_bytes, found_arena
from zones.runtime.bus_client import BusClient

WAIT_S = 10.0


@dataclass
class Seat:
    """What the host would give."""

    home: Path
    bus: BusClient
    arenas: Mapping[str, ArenaWords]
    sides: Mapping[str, memoryview]
    zone: str
    bus_dir_fd: int
    listeners: Mapping[str, int]
    log: QuietLog = field(default_factory=QuietLog)
    parameters: Mapping[str, Any] = field(default_factory=dict)


class ServiceProcess:
    """A world in shared memory and the kernel's end of the road to one bus zone.

    Args:
        service: its module, with a class `Generation`.
        speakers: who has an endpoint on the user bus.

    Attributes:
        before: called in the child before its service begins.
    """

    def __init__(
        self, home: Path, service: ModuleType, zone: str, speakers: Sequence[str] = ()
    ) -> None:
        self.home = home
        self.zone = zone
        self.service = service
        self.before: Callable[[], None] = lambda: None
        bus_dir = home / "run" / "bus"
        bus_dir.mkdir(parents=True)
        self.directory = os.open(bus_dir, os.O_RDONLY | os.O_DIRECTORY)
        self.memory = mmap.mmap(-1, arena_bytes())
        self.side = mmap.mmap(-1, Side.BYTES)
        self.words = found_arena(memoryview(self.memory))
        self.bus: PrivateBus | None = None
        self.endpoint: Endpoint
        self.messages: list[Message] = []
        self.serial = 0
        self.pid = 0
        self.listeners: dict[str, socket.socket] = {}
        for speaker in speakers:
            is_scribe = speaker == SCRIBE
            kind = socket.SOCK_STREAM if is_scribe else socket.SOCK_SEQPACKET
            listener = socket.socket(socket.AF_UNIX, kind)
            name = "../scribe.sock" if is_scribe else endpoint_name(speaker)
            listener.bind(f"/proc/self/fd/{self.directory}/{name}")
            listener.listen(64)
            listener.setblocking(False)
            self.listeners[speaker] = listener

    def connect(self, speaker: str) -> socket.socket:
        """Connect as a sender of the user bus does."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(f"/proc/self/fd/{self.directory}/{endpoint_name(speaker)}")
        return sock

    def start(self, settings: dict[str, Any]) -> None:
        """Fork a process. The bus is made anew: no ZeroMQ context may cross the fork."""
        self.stop_bus()
        self.serial += 1
        name = f"{self.zone}-{self.serial}"
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                until = time.monotonic() + WAIT_S
                while name not in os.listdir(self.directory) and time.monotonic() < until:
                    time.sleep(0.002)
                self.before()
                status = self._child(name, settings)
            finally:
                os._exit(status)
        self.messages = []
        self.bus = PrivateBus(self.directory)
        self.endpoint = self.bus.open_endpoint(self.zone, self.serial)

    def _child(self, name: str, settings: dict[str, Any]) -> int:
        words = ArenaWords(memoryview(self.memory).toreadonly())
        check_arena(words, "test")
        client = BusClient(self.directory, name, self.zone, os.getpid())
        seat = Seat(
            self.home,
            client,
            {"stable": words},
            {"stable": memoryview(self.side)},
            self.zone,
            self.directory,
            {speaker: each.fileno() for speaker, each in self.listeners.items()},
        )
        self.service.Generation(settings).run(seat)
        client.close()
        return 0

    def heard(self, wanted: Callable[[Message], bool]) -> Message:
        """Return the next message that is wanted; the world ticks meanwhile."""
        assert self.bus is not None
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            advance(self.words, ({"kind": "telemetry"},))
            self.endpoint.socket.poll(5)
            for message in self.bus.receive(self.endpoint):
                self.messages.append(message)
                if wanted(message):
                    return message
        raise AssertionError(f"not heard; {self.messages}")

    def ready(self) -> Ready:
        """Wait until it is ready."""
        message = self.heard(lambda each: isinstance(each, Ready))
        assert isinstance(message, Ready)
        return message

    def ask(self, number: int, name: str, args: dict[str, Any]) -> Reply:
        """Send a request and return its reply."""
        assert self.bus is not None
        assert self.bus.send(self.endpoint, Request(number, name, args, 5.0))
        reply = self.heard(lambda m: isinstance(m, Reply) and m.request_id == number)
        assert isinstance(reply, Reply)
        return reply

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.pid = 0

    def drain(self) -> int:
        """Ask it to leave and return its exit code."""
        assert self.bus is not None
        assert self.bus.send(self.endpoint, Drain(5.0))
        return self.ended()

    def ended(self) -> int:
        """Wait until it has left and return its exit code."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        raise AssertionError("it did not leave")

    def stop_bus(self) -> None:
        """Close the bus."""
        if self.bus is not None:
            self.bus.close_all()
            self.bus = None

    def close(self) -> None:
        """Kill what is left and close everything."""
        if self.pid:
            self.kill()
        self.stop_bus()
        for listener in self.listeners.values():
            listener.close()
        os.close(self.directory)
