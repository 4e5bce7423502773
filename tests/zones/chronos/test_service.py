"""The archive as a process: a real fork, the real bus, a world that ticks beside it."""

import json
import mmap
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import ArenaWords, Header, Side, State, check_arena
from Kernel.contract.messages import Drain, Heartbeat, Hello, Message, Ready, Reply, Request
from Kernel.contract.settings import parse_table
from Kernel.core.event_bus import Endpoint, PrivateBus
from tests.zones.chronos.test_arena_archive import Log
from tests.zones.runtime.small_arena import advance, arena_bytes, found_arena
from zones.chronos import service
from zones.chronos.settings import KEYS
from zones.runtime.bus_client import BusClient
from zones.runtime.snapshot_file import read_snapshot

WAIT_S = 10.0


@dataclass
class Seat:
    """What the host would give."""

    home: Path
    bus: BusClient
    arenas: Mapping[str, ArenaWords]
    sides: Mapping[str, memoryview]
    zone: str = "archive"
    log: Log = field(default_factory=Log)


class Kernel:
    """A world in shared memory and the kernel's end of the road to its archive."""

    def __init__(self, home: Path) -> None:
        self.home = home
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

    def start(self, settings: dict[str, Any]) -> None:
        """Fork an archive. The bus is made anew: no ZeroMQ context may cross the fork."""
        self.stop_bus()
        self.serial += 1
        name = f"archive-{self.serial}"
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                until = time.monotonic() + WAIT_S
                while name not in os.listdir(self.directory) and time.monotonic() < until:
                    time.sleep(0.002)
                status = self._child(name, settings)
            finally:
                os._exit(status)
        self.messages = []
        self.bus = PrivateBus(self.directory)
        self.endpoint = self.bus.open_endpoint("archive", self.serial)

    def _child(self, name: str, settings: dict[str, Any]) -> int:
        words = ArenaWords(memoryview(self.memory).toreadonly())
        check_arena(words, "test")
        client = BusClient(self.directory, name, "archive", os.getpid())
        seat = Seat(self.home, client, {"stable": words}, {"stable": memoryview(self.side)})
        service.Generation(settings).run(seat)  # type: ignore[arg-type]  # the log is a recorder
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

    def ask(self, number: int, name: str, args: dict[str, Any]) -> Reply:
        """Send a request and return its reply."""
        assert self.bus is not None
        assert self.bus.send(self.endpoint, Request(number, name, args, 5.0))
        reply = self.heard(lambda m: isinstance(m, Reply) and m.request_id == number)
        assert isinstance(reply, Reply)
        return reply

    def kill(self) -> None:
        """Kill the archive."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.pid = 0

    def drain(self) -> int:
        """Ask the archive to leave and return its exit code."""
        assert self.bus is not None
        assert self.bus.send(self.endpoint, Drain(5.0))
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        raise AssertionError("the archive did not leave")

    def stop_bus(self) -> None:
        """Close the bus."""
        if self.bus is not None:
            self.bus.close_all()
            self.bus = None

    def journal(self) -> list[dict[str, Any]]:
        """Return the journal's lines."""
        arena = self.words.get_bytes(Header.ARENA_ID, 16).hex()
        path = self.home / "data" / "journal" / f"{arena}.jsonl"
        return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    """Give a kernel's end and a world; whatever is left is killed."""
    kernel = Kernel(tmp_path)
    yield kernel
    if kernel.pid:
        kernel.kill()
    kernel.stop_bus()
    os.close(kernel.directory)


def is_ready(message: Message) -> bool:
    """Return whether a message says ready."""
    return isinstance(message, Ready)


def test_life_of_an_archive(kernel: Kernel) -> None:
    """It says hello and ready, beats, snapshots on request, stores all, and leaves with 0."""
    kernel.start({"snapshot_interval_ticks": 50})
    ready = kernel.heard(is_ready)
    assert isinstance(ready, Ready)
    assert kernel.messages[0] == Hello(kernel.pid, "archive")
    assert ready.facts["arenas"]["stable"]["degraded"] == []
    first = kernel.heard(lambda m: isinstance(m, Heartbeat))
    second = kernel.heard(lambda m: isinstance(m, Heartbeat))
    assert isinstance(first, Heartbeat)
    assert isinstance(second, Heartbeat)
    assert second.progress > first.progress
    assert second.degraded == ()
    taken = kernel.ask(7, "snapshot", {"zone": "stable"})
    assert taken.ok
    assert set(taken.result) == {"tick", "path", "bytes", "seconds"}
    assert read_snapshot(Path(taken.result["path"])).tick == taken.result["tick"]
    listed = kernel.ask(8, "snapshots", {})
    assert taken.result["tick"] in [entry["tick"] for entry in listed.result["snapshots"]]
    for number, (name, args) in enumerate(
        [("eat", {}), ("snapshot", {"zone": "x"}), ("snapshots", {"more": 1})], 9
    ):
        refused = kernel.ask(number, name, args)
        assert not refused.ok
        assert refused.error.startswith("cannot do")
    assert kernel.drain() == 0
    tick = kernel.words.get(Header.COMMIT)
    assert [line["sequence"] for line in kernel.journal()] == list(range(tick))
    side = memoryview(kernel.side).cast("Q")
    assert side[Side.OUTBOX_ACKED >> 3] == tick
    assert side[Side.OUTBOX_ACKED_OFFSET >> 3] == kernel.words.state(tick, State.OUTBOX_HEAD)
    side.release()


def test_killed_again_and_again_it_loses_nothing(kernel: Kernel) -> None:
    """An archive killed at any moment of its work leaves a journal without gap or double."""
    for wait_ticks in (1, 3, 7, 2, 5):
        kernel.start({"snapshot_interval_ticks": 5})
        kernel.heard(is_ready)
        for _ in range(wait_ticks):
            advance(kernel.words, ({"kind": "telemetry"},) * 20)
            time.sleep(0.01)
        kernel.kill()
    kernel.start({})
    kernel.heard(is_ready)
    assert kernel.drain() == 0
    tick = kernel.words.get(Header.COMMIT)
    lines = kernel.journal()
    assert [line["sequence"] for line in lines] == list(
        range(kernel.words.state(tick, State.OUTBOX_NEXT))
    )
    assert [line["position"] for line in lines] == list(range(len(lines)))


def test_prepare_is_plain_data_and_harmless() -> None:
    """What runs in the zygote opens nothing: no descriptor, no thread."""
    before = sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    facts = service.Generation({}).facts
    assert (sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))) == before
    assert parse_table(facts.pop("settings")) == KEYS
    assert facts == {"service": "archive", "requests": ["snapshot", "snapshots"]}
