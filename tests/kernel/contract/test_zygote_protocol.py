"""The zygote road: messages and descriptors over a real socket pair, and hostile bytes."""

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.codec import MESSAGE_BYTES_MAX, pack, unpack
from Kernel.contract.errors import CodecError
from Kernel.contract.zygote_protocol import (
    DESCRIPTORS_MAX,
    Configure,
    Fork,
    Forked,
    Prepared,
    Progress,
    Unprepared,
    receive,
    send,
)

Road = tuple[socket.socket, socket.socket]
EXAMPLES = [
    Configure("stable", "/home", {"seed": 7, "deep": {"list": [1, 2.5, None, "x"]}}),
    Configure("stable", "/home", {}, ["0" * 64]),
    Prepared(5, {"generation": "toy"}),
    Unprepared(78, "cannot use world.yaml: seed is -1", "edit it"),
    Unprepared(78, "cannot x", "", [{"key": "seed", "why": "is -1"}]),
    Fork(3, "heir", ["arena", "door"], {"nice": 5}),
    Forked(3, 4321),
    Progress(4, 34, "behave"),
]


@pytest.fixture
def road() -> Iterator[Road]:
    """Give both ends of a road."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
    yield ends
    for end in ends:
        end.close()


def open_descriptors() -> set[str]:
    """Return the numbers of this process's descriptors, but that of the listing itself."""
    with os.scandir("/proc/self/fd") as found:
        return {each.name for each in found if not os.readlink(each.path).startswith("/proc/")}


def test_a_service_of_an_older_version_tells_no_faults(road):
    """Unprepared without them is understood: a slot may hold code from before they were told."""
    road[0].send(pack({"is": "Unprepared", "code": 78, "message": "m", "hint": "h"}))
    assert receive(road[1]) == (Unprepared(78, "m", "h"), [])


def test_a_service_of_an_older_version_is_told_of_no_traits(road):
    """Without any the message is that of before: a slot may hold code that knows of none."""
    send(road[0], Configure("stable", "/home", {}))
    assert set(unpack(road[1].recv(1024))) == {"is", "zone", "home", "settings"}


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda each: type(each).__name__)
def test_every_message_arrives_as_it_was_sent(road, message):
    """Each kind comes out equal, in order, with nothing left behind."""
    send(road[0], message)
    send(road[0], Forked(9, 9))
    assert receive(road[1]) == (message, [])
    assert receive(road[1]) == (Forked(9, 9), [])
    with pytest.raises(BlockingIOError):
        receive(road[1])


def test_descriptors_come_along_in_order(road):
    """Descriptors arrive as copies, in order, closed on exec."""
    pipes = [os.pipe() for _ in range(3)]
    send(road[0], EXAMPLES[5], [read_end for read_end, _ in pipes])
    got = receive(road[1])
    assert got is not None and len(got[1]) == 3
    for number, (copy, (_, write_end)) in enumerate(zip(got[1], pipes, strict=True)):
        os.write(write_end, bytes([number]))
        assert os.read(copy, 1) == bytes([number]) and not os.get_inheritable(copy)
    for descriptor in [*got[1], *(end for pipe in pipes for end in pipe)]:
        os.close(descriptor)


def test_hang_up_is_none(road):
    """After the other side has hung up there is nothing, again and again."""
    send(road[0], Forked(1, 2))
    road[0].close()
    assert receive(road[1]) == (Forked(1, 2), [])
    assert receive(road[1]) is None and receive(road[1]) is None


def test_sending_to_nobody_fails(road):
    """A road whose other end is closed refuses: the sender must know."""
    road[1].close()
    with pytest.raises(OSError):
        send(road[0], Forked(1, 2))


def test_full_road_says_so(road):
    """A reader that does not read makes the sender wait, or be told: nothing is dropped."""
    sent = 0
    with pytest.raises(BlockingIOError):
        for sent in range(100_000):
            send(road[0], Forked(sent, 2))
    received = 0
    while received < sent:
        assert receive(road[1]) == (Forked(received, 2), [])
        received += 1


def test_too_large_is_refused_before_it_is_sent(road):
    """A message above the limit is not sent at all."""
    with pytest.raises(CodecError, match="the limit is"):
        send(road[0], Prepared(1, {"x": "y" * MESSAGE_BYTES_MAX}))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"is": "Nope"},
        {"is": 3},
        {"is": ["Forked"]},
        {"is": "Forked"},
        {"is": "Forked", "serial": 1},
        {"is": "Forked", "serial": 1, "pid": "2"},
        {"is": "Forked", "serial": 1, "pid": 2.0},
        {"is": "Forked", "serial": True, "pid": 2},
        {"is": "Forked", "serial": 1, "pid": 2, "more": 3},
        {"is": "Prepared", "pid": 1, "facts": []},
        {"is": "Unprepared", "code": 78, "message": None, "hint": ""},
        {"is": "Unprepared", "code": 78, "message": "", "hint": "", "faults": {}},
        {"is": "Fork", "serial": 1, "role": "heir", "descriptors": "arena"},
        {"is": "receive"},
    ],
)
def test_what_is_no_message_is_refused(road, fields):
    """Unknown kind, missing, extra or wrongly typed fields: a CodecError, nothing else."""
    road[0].send(pack(fields))
    with pytest.raises(CodecError, match="cannot"):
        receive(road[1])


def test_descriptors_of_what_is_refused_are_closed(road):
    """A malformed message leaves no descriptor open here."""
    read_end, write_end = os.pipe()
    before = open_descriptors()
    for _ in range(3):
        socket.send_fds(road[0], [b"nonsense"], [read_end, write_end])
        with pytest.raises(CodecError):
            receive(road[1])
    assert open_descriptors() == before
    os.close(read_end)
    os.close(write_end)


def test_more_descriptors_than_there_is_room_for(road):
    """What does not fit is closed by the system; nothing leaks, nothing fails."""
    read_end, write_end = os.pipe()
    before = open_descriptors()
    socket.send_fds(road[0], [pack({"is": "Nope"})], [read_end] * (DESCRIPTORS_MAX + 8))
    with pytest.raises(CodecError):
        receive(road[1])
    assert open_descriptors() == before
    os.close(read_end)
    os.close(write_end)


@given(data=st.binary(min_size=1, max_size=200))
def test_any_bytes_are_a_message_or_refused(data):
    """Whatever arrives: a message, or CodecError."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        ends[0].send(data)
        try:
            assert receive(ends[1]) is not None
        except CodecError as error:
            assert error.message.startswith("cannot")
    finally:
        for end in ends:
            end.close()
