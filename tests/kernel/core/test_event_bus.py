"""The private bus against real sockets: identity, limits, hostile peers."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgpack
import pytest
import zmq

from Kernel.contract.codec import MESSAGE_BYTES_MAX
from Kernel.contract.errors import CodecError
from Kernel.contract.messages import (
    Drain,
    Heartbeat,
    Hello,
    Message,
    Ready,
    Reply,
    Request,
    pack_message,
)
from Kernel.core.event_bus import QUEUE_MESSAGES_MAX, REFUSALS_KEPT, Endpoint, PrivateBus

WAIT_MS = 5000


@pytest.fixture
def bus_dir(tmp_path: Path) -> Iterator[int]:
    """Open a directory whose path is too long for a Unix address."""
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "bus"
    deep.mkdir(mode=0o700, parents=True)
    assert len(str(deep)) > 108
    descriptor = os.open(deep, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def bus(bus_dir: int) -> Iterator[PrivateBus]:
    """Give a bus in that directory."""
    bus = PrivateBus(bus_dir)
    yield bus
    bus.close_all()


@pytest.fixture
def connect(bus_dir: int) -> Iterator[Callable[[str], zmq.Socket[bytes]]]:
    """Return a function that gives a raw peer: what a hostile zone could do."""
    context = zmq.Context(io_threads=1)
    peers = []

    def make(name: str) -> zmq.Socket[bytes]:
        peer = context.socket(zmq.PAIR)
        peer.setsockopt(zmq.LINGER, 0)
        peer.setsockopt(zmq.RCVTIMEO, WAIT_MS)
        peer.connect(f"ipc:///proc/self/fd/{bus_dir}/{name}")
        peers.append(peer)
        return peer

    yield make
    for peer in peers:
        peer.close()
    context.term()


def settle(bus: PrivateBus, endpoint: Endpoint, until: Callable[[Endpoint], bool]) -> list[Message]:
    """Receive until the condition holds; fail after WAIT_MS without news."""
    messages: list[Message] = []
    while not until(endpoint):
        assert endpoint.socket.poll(WAIT_MS), f"nothing came: {endpoint.counters}"
        messages += bus.receive(endpoint)
    return messages


def received(count: int) -> Callable[[Endpoint], bool]:
    """Return the condition that this many messages were accepted."""
    return lambda endpoint: endpoint.counters.received >= count


def turned_away(count: int) -> Callable[[Endpoint], bool]:
    """Return the condition that this many messages were refused."""
    return lambda endpoint: endpoint.counters.refused + endpoint.counters.forbidden >= count


def test_two_processes_with_long_path(bus: PrivateBus, bus_dir: int) -> None:
    """A process with its own descriptor number reaches its endpoint below a 108+ byte path."""
    endpoint = bus.open_endpoint("archive", 0)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            other = os.dup2(bus_dir, 111)
            context = zmq.Context(io_threads=1)
            peer = context.socket(zmq.PAIR)
            peer.setsockopt(zmq.RCVTIMEO, WAIT_MS)
            peer.connect(f"ipc:///proc/self/fd/{other}/archive-0")
            peer.send(pack_message(Hello(os.getpid(), "archive")))
            status = 0 if peer.recv() == pack_message(Drain(1.5)) else 2
        finally:
            os._exit(status)
    assert settle(bus, endpoint, received(1)) == [Hello(child, "archive")]
    assert bus.send(endpoint, Drain(1.5))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_file_is_gone_after_hello_and_after_close(
    bus: PrivateBus, bus_dir: int, connect: Callable[[str], zmq.Socket[bytes]]
) -> None:
    """An endpoint's file can be used by nobody else once its process has said hello."""
    endpoint = bus.open_endpoint("archive", 7)
    never_used = bus.open_endpoint("archive", 8)
    assert sorted(os.listdir(bus_dir)) == ["archive-7", "archive-8"]
    assert stat.S_ISSOCK(os.stat("archive-7", dir_fd=bus_dir).st_mode)
    peer = connect("archive-7")
    peer.send(pack_message(Hello(42, "archive")))
    settle(bus, endpoint, received(1))
    assert os.listdir(bus_dir) == ["archive-8"]
    peer.send(pack_message(Ready({"a": 1})))
    assert settle(bus, endpoint, received(2)) == [Ready({"a": 1})]
    bus.close(never_used)
    bus.close(never_used)
    assert os.listdir(bus_dir) == []


def test_left_over_files_are_removed(bus_dir: int) -> None:
    """What a killed kernel left in the bus directory is gone, and its names can be used again."""
    dead = zmq.Context(io_threads=1)
    socket = dead.socket(zmq.PAIR)
    socket.bind(f"ipc:///proc/self/fd/{bus_dir}/archive-0")
    socket.close(linger=0)
    dead.term()
    assert os.listdir(bus_dir) == ["archive-0"]
    bus = PrivateBus(bus_dir)
    assert os.listdir(bus_dir) == []
    bus.open_endpoint("archive", 0)
    bus.close_all()
    assert os.listdir(bus_dir) == []


def test_second_peer_is_not_heard(
    bus: PrivateBus, connect: Callable[[str], zmq.Socket[bytes]]
) -> None:
    """Only the first process on an endpoint is heard, and only it gets what the kernel sends."""
    endpoint = bus.open_endpoint("archive", 0)
    first = connect("archive-0")
    first.send(pack_message(Heartbeat(0, 1)))
    settle(bus, endpoint, turned_away(1))
    second = connect("archive-0")
    second.send(pack_message(Hello(666, "archive")))
    first.send(pack_message(Hello(1, "archive")))
    assert settle(bus, endpoint, received(1)) == [Hello(1, "archive")]
    first.send(pack_message(Ready()))
    assert settle(bus, endpoint, received(2)) == [Ready()]
    for _ in range(10):
        assert bus.send(endpoint, Drain(1))
    assert first.recv() == pack_message(Drain(1))
    assert not second.poll(50)


def test_identity_comes_from_the_endpoint(
    bus: PrivateBus, connect: Callable[[str], zmq.Socket[bytes]]
) -> None:
    """Who claims another zone, skips hello, says it twice or orders the kernel is refused."""
    endpoint = bus.open_endpoint("sandbox", 0)
    peer = connect("sandbox-0")
    peer.send(pack_message(Hello(1, "stable")))
    peer.send(pack_message(Ready()))
    peer.send(pack_message(Drain(1)))
    peer.send(pack_message(Hello(2, "sandbox")))
    peer.send(pack_message(Hello(3, "sandbox")))
    peer.send(pack_message(Request(1, "shutdown", {}, 1)))
    peer.send(pack_message(Reply(1, True)))
    assert settle(bus, endpoint, received(2)) == [Hello(2, "sandbox"), Reply(1, True)]
    assert endpoint.hello == Hello(2, "sandbox")
    assert endpoint.counters.forbidden == 5
    assert [refusal.reason.split(": ", 1)[1] for refusal in endpoint.refusals] == [
        "sandbox claims to be zone 'stable'",
        "sandbox said ready before hello",
        "sandbox may not say drain",
        "sandbox said hello again",
        "sandbox may not say request",
    ]


def test_malformed_messages_are_counted_and_dropped(
    bus: PrivateBus, connect: Callable[[str], zmq.Socket[bytes]]
) -> None:
    """Garbage in any form is counted, the newest refusals are kept, and the road stays open."""
    endpoint = bus.open_endpoint("archive", 0)
    peer = connect("archive-0")
    garbage = [b"", b"\xc1", b"\x80", os.urandom(100), msgpack.packb({"kind": "hello"})]
    garbage += [msgpack.packb([1, 2]), msgpack.packb({"kind": ["hello"], "pid": 1})]
    rounds = REFUSALS_KEPT
    for _ in range(rounds):
        for data in garbage:
            peer.send(data)
    peer.send_multipart([b"x", b"y", pack_message(Hello(9, "archive"))])
    assert settle(bus, endpoint, received(1)) == [Hello(9, "archive")]
    assert endpoint.counters.refused == rounds * len(garbage) + 2
    assert len(endpoint.refusals) == REFUSALS_KEPT
    assert all(refusal.reason.startswith("cannot ") for refusal in endpoint.refusals)


def test_receive_is_bounded(bus: PrivateBus, connect: Callable[[str], zmq.Socket[bytes]]) -> None:
    """One call never takes more than asked for, refused messages included."""
    endpoint = bus.open_endpoint("archive", 0)
    peer = connect("archive-0")
    peer.send(pack_message(Hello(9, "archive")))
    settle(bus, endpoint, received(1))
    for number in range(30):
        peer.send(b"junk" if number % 2 else pack_message(Heartbeat(number, number)))
    taken = 0
    while taken < 30:
        assert endpoint.socket.poll(WAIT_MS)
        before = endpoint.counters.received + endpoint.counters.refused
        assert len(bus.receive(endpoint, 4)) <= 4
        now = endpoint.counters.received + endpoint.counters.refused - before
        assert now <= 4
        taken += now
    assert endpoint.counters.refused == 15


def test_oversize_message_cuts_the_road(
    bus: PrivateBus, connect: Callable[[str], zmq.Socket[bytes]]
) -> None:
    """A message beyond the limit is never delivered: its sender is disconnected, others live."""
    endpoint = bus.open_endpoint("archive", 0)
    other = bus.open_endpoint("gateway", 0)
    peer, neighbour = connect("archive-0"), connect("gateway-0")
    peer.setsockopt(zmq.RECONNECT_IVL, -1)
    peer.send(pack_message(Hello(9, "archive")))
    settle(bus, endpoint, received(1))
    peer.send(b"\x00" * (MESSAGE_BYTES_MAX + 1))
    peer.send(pack_message(Ready()))
    neighbour.send(pack_message(Hello(10, "gateway")))
    settle(bus, other, received(1))
    assert not endpoint.socket.poll(100)
    assert not bus.send(endpoint, Drain(1))


def test_send_says_when_full(bus: PrivateBus, connect: Callable[[str], zmq.Socket[bytes]]) -> None:
    """Sending never blocks: without a peer, and to a peer that does not read, it returns False."""
    endpoint = bus.open_endpoint("archive", 0)
    assert not bus.send(endpoint, Drain(1))
    peer = connect("archive-0")
    peer.setsockopt(zmq.RCVHWM, 10)
    peer.send(pack_message(Hello(9, "archive")))
    settle(bus, endpoint, received(1))
    padding = {"x": "x" * 60_000}
    sent = 0
    while bus.send(endpoint, Request(sent, "fill", padding, 1)):
        sent += 1
        assert sent < 20 * QUEUE_MESSAGES_MAX
    assert sent >= QUEUE_MESSAGES_MAX
    assert endpoint.counters.full == 2
    assert endpoint.counters.sent == sent
    peer.recv()
    assert bus.receive(endpoint) == []


def test_only_sound_messages_are_sent(bus: PrivateBus) -> None:
    """The kernel's own mistakes are found before they leave it."""
    endpoint = bus.open_endpoint("archive", 0)
    with pytest.raises(CodecError, match=r"cannot use a message: .*deadline_s"):
        bus.send(endpoint, Drain(float("nan")))
    with pytest.raises(CodecError, match="zone name"):
        bus.open_endpoint("../archive", 0)
    with pytest.raises(AssertionError):
        bus.open_endpoint("archive", 0)


def test_files_that_cannot_be_removed_hold_nobody_up(bus, bus_dir, monkeypatch):
    """On a disk that turned read-only an endpoint is closed, and its file stays where it is."""
    endpoint = bus.open_endpoint("archive", 0)

    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse)
        bus.close(endpoint)
    assert os.listdir(bus_dir) == ["archive-0"]
