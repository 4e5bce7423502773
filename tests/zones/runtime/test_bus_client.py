"""A bus zone's end of the road, against the kernel's end, in one process and in two."""

import os
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from Kernel.contract.messages import (
    HEARTBEAT_S,
    Degraded,
    Drain,
    Heartbeat,
    Hello,
    Message,
    Ready,
    Reply,
    Request,
)
from Kernel.core.event_bus import Endpoint, PrivateBus
from zones.runtime.bus_client import BusClient

WAIT_S = 5.0


class Road:
    """Both ends of one endpoint."""

    def __init__(self, directory: int) -> None:
        self.bus = PrivateBus(directory)
        self.endpoint: Endpoint = self.bus.open_endpoint("archive", 3)
        self.client = BusClient(directory, "archive-3", "archive", 4711)

    def heard(self, count: int) -> list[Message]:
        """Return the next `count` messages the kernel hears."""
        messages: list[Message] = []
        while len(messages) < count:
            assert self.endpoint.socket.poll(WAIT_S * 1e3), f"only {messages}"
            messages += self.bus.receive(self.endpoint, count - len(messages))
        return messages

    def asked(self) -> list[Drain | Request]:
        """Return what the zone hears next."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            if messages := self.client.poll(0.05):
                return messages
        raise AssertionError("the zone heard nothing")


@pytest.fixture
def road(tmp_path: Path) -> Iterator[Road]:
    """Give both ends of a road in one process."""
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    road = Road(descriptor)
    yield road
    road.client.close()
    road.bus.close_all()
    os.close(descriptor)


def test_hello_ready_heartbeat(road: Road) -> None:
    """A client says hello first, then what it is told, and beats with its progress."""
    road.client.progress = 5
    road.client.ready({"snapshots": 2})
    road.client.poll(0)
    hello, ready, beat = road.heard(3)
    assert hello == Hello(4711, "archive")
    assert ready == Ready({"snapshots": 2})
    assert isinstance(beat, Heartbeat)
    assert (beat.progress, beat.degraded) == (5, ())
    assert 0 < beat.monotonic_ns <= time.monotonic_ns()


def test_beats_are_never_closer_than_their_interval(road: Road) -> None:
    """Polling without pause sends heartbeats at their interval; a long wait is cut for one."""
    until = time.monotonic() + 2.5 * HEARTBEAT_S
    while time.monotonic() < until:
        road.client.poll(0)
    road.client.degraded = (Degraded("journal", "cannot write", "free some space"),)
    late = time.monotonic() + 2 * HEARTBEAT_S
    while time.monotonic() < late:
        assert road.client.poll(60.0) == []
    beats = [beat for beat in road.heard(5) if isinstance(beat, Heartbeat)]
    gaps = [b.monotonic_ns - a.monotonic_ns for a, b in pairwise(beats)]
    assert len(gaps) == 3
    assert all(gap >= HEARTBEAT_S * 1e9 for gap in gaps)
    assert beats[0].degraded == ()
    assert beats[-1].degraded == road.client.degraded


def test_requests_and_replies(road: Road) -> None:
    """Requests arrive in order and together; each answer carries its request's number."""
    road.heard(1)
    first, second = Request(1, "snapshot", {"zone": "stable"}, 5.0), Request(2, "no", {}, 1)
    assert road.bus.send(road.endpoint, first)
    assert road.bus.send(road.endpoint, second)
    assert road.bus.send(road.endpoint, Drain(2.0))
    got: list[Drain | Request] = []
    while len(got) < 3:
        got += road.asked()
    assert got == [first, second, Drain(2.0)]
    road.client.reply(first, {"tick": 300})
    road.client.refuse(second, "cannot do 'no': " + "x" * 2000)
    replies = [message for message in road.heard(3) if isinstance(message, Reply)]
    assert replies[0] == Reply(1, True, {"tick": 300})
    assert (replies[1].request_id, replies[1].ok, len(replies[1].error)) == (2, False, 1000)


def test_result_that_cannot_be_sent_is_a_failure(road: Road) -> None:
    """The kernel is told when a result is too large or not plain, instead of waiting for it."""
    road.heard(1)
    request = Request(9, "big", {}, 1)
    road.client.reply(request, {"x": "x" * 70_000})
    road.client.reply(request, {"x": object()})
    for reply in road.heard(2):
        assert isinstance(reply, Reply)
        assert not reply.ok
        assert reply.error.startswith("cannot ")


def test_what_is_not_for_zones_is_refused(road: Road) -> None:
    """A client takes orders only: anything else from the kernel's end is counted and dropped."""
    road.heard(1)
    road.endpoint.socket.send(b"junk")
    assert road.bus.send(road.endpoint, Reply(1, True))
    assert road.bus.send(road.endpoint, Drain(1))
    assert road.asked() == [Drain(1)]
    assert road.client.refused == 2


def test_kernel_that_does_not_listen(road: Road) -> None:
    """A client never blocks: when the kernel takes nothing, messages are counted as unsent."""
    for _ in range(20_000):  # the system's own buffers take some before the queue is full
        road.client.ready({"x": "x" * 1000})
        if road.client.unsent >= 2:
            break
    assert road.client.unsent == 2
    assert road.client.poll(0) == []


def test_last_reply_before_leaving_arrives(tmp_path: Path) -> None:
    """What a process says just before it closes its road and exits is heard."""
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    bus = PrivateBus(descriptor)
    endpoint = bus.open_endpoint("archive", 0)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            client = BusClient(descriptor, "archive-0", "archive", os.getpid())
            client.reply(Request(1, "snapshot", {}, 1), {"tick": 7})
            client.close()
            status = 0
        finally:
            os._exit(status)
    messages: list[Message] = []
    while len(messages) < 2:
        assert endpoint.socket.poll(WAIT_S * 1e3)
        messages += bus.receive(endpoint)
    assert messages == [Hello(child, "archive"), Reply(1, True, {"tick": 7})]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    bus.close_all()
    os.close(descriptor)
