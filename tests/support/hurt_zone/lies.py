"""What a zone can say that is not so, or that it may not say.

Owns: the words. Does not own: who tells it to say them (`service.py`).
"""

import os
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec
import zmq

from Kernel.contract.envelope import pack_envelope
from Kernel.contract.kinds import Story, make_event
from Kernel.contract.messages import (
    COUNT_MAX,
    DEGRADED_MAX,
    TEXT_CHARS_MAX,
    Answer,
    Degraded,
    Drain,
    Heartbeat,
    Hello,
    Message,
    Ready,
    Reply,
    Request,
    pack_message,
)
from Kernel.contract.places import CONSOLE_SOCKET, SCRIBE_SOCKET
from Kernel.contract.user_bus import EPOCH_BYTES, PROTOCOL, Put, endpoint_name
from Kernel.contract.user_bus import Hello as EventsHello
from Kernel.contract.user_bus import pack_message as pack_events
from zones.runtime.seat import BusSeat

ASKS = ("trial", "apply", "take_back", "nosuch", "shutdown")
TOO_MUCH_BYTES = 1 << 20
PATIENCE_S = 1.0
REPLIES = 100
AGAIN_S = 0.01


def lie(seat: BusSeat) -> list[Callable[[], bool]]:
    """Say what is not so, to the kernel and to the archive."""
    for data in (*map(pack_message, false_messages()), *no_messages()):
        say(seat, data)
    tell_false_events(seat)
    return []


def false_messages() -> Iterable[Message]:
    """Yield messages in good order that claim what is not so, or are not a zone's to say."""
    alarm = Degraded("stable", "cannot tick: " + "x" * (TEXT_CHARS_MAX - 20), "molt shutdown")
    yield Heartbeat(0, 0)
    yield Heartbeat(COUNT_MAX, COUNT_MAX, (alarm,) * DEGRADED_MAX)
    yield Hello(1, "stable")
    yield Hello(os.getpid(), "archive")
    yield Ready({"grade": "A", "text": "x" * 30_000})
    yield from (Reply(number, True, {"refused": COUNT_MAX}) for number in range(REPLIES))
    yield Drain(0.0)
    yield Request(1, "stop", {}, 1.0)
    yield Answer(1, True)


def no_messages() -> Iterable[bytes]:
    """Yield what is no message at all."""
    yield b""
    yield b"\xc1"
    yield os.urandom(1000)
    yield b"\x91" * 60_000
    yield b"\xdf\xff\xff\xff\xff"
    for fields in (
        {"kind": "heartbeat"},
        {"kind": "heartbeat", "progress": -1, "monotonic_ns": 0},
        {"kind": "heartbeat", "progress": "many", "monotonic_ns": 0},
        {"kind": "shutdown"},
        {"kind": "ready", "facts": {}, "more": 1},
        {"kind": "reply", "request_id": 1, "ok": True, "error": "but"},
    ):
        yield msgspec.msgpack.encode(fields)


def tell_false_events(seat: BusSeat) -> None:
    """Send the archive events of others, of kinds that are its own, and what is none."""
    fields = {"first": 1, "last": 2, "count": 2, "why": "a lie", "of": "stable"}
    hurt, stable = (Story(each, time.time_ns()) for each in (seat.zone, "stable"))
    told = {"pid": 1, "home": "/"}
    records = [
        pack_envelope(make_event("kernel.started", told, stable, os.urandom(10))),
        b"no record",
        os.urandom(500),
    ]
    with suppress(Exception):  # the kind's fields may change; it is refused for its name
        records.append(pack_envelope(make_event("archive.gap", fields, hurt, os.urandom(10))))
    epoch = os.urandom(EPOCH_BYTES)
    honest = pack_events(EventsHello(PROTOCOL, seat.zone, epoch, 1))
    say_to_archive(seat, honest, pack_events(Put(1, records)))
    say_to_archive(seat, pack_events(EventsHello(PROTOCOL, "stable", epoch, 1)))
    say_to_archive(seat, pack_events(Put(1, records)))
    say_to_archive(seat, b"\xc1")


def say_to_archive(seat: BusSeat, *messages: bytes) -> None:
    """Say something on a connection of its own, and wait for what comes back."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as road, suppress(OSError):
        road.settimeout(PATIENCE_S)
        road.connect(f"/proc/self/fd/{seat.bus_dir_fd}/{endpoint_name(seat.zone)}")
        for message in messages:
            road.send(message)
            road.recv(1 << 17)


def say_too_much(seat: BusSeat) -> list[Callable[[], bool]]:
    """Send a message larger than any may be: the road to the kernel is lost by it."""
    say(seat, os.urandom(TOO_MUCH_BYTES))
    return []


def ask_for_all(seat: BusSeat) -> list[Callable[[], bool]]:
    """Ask for all that there is, and for what there is not."""
    for name in ASKS:
        seat.bus.ask(name, {"source": "", "zone": "stable"})
    return []


def try_doors(seat: BusSeat) -> list[Callable[[], bool]]:
    """Come to the doors that are for people."""
    for path, line in (
        (CONSOLE_SOCKET, b'{"command": "shutdown"}\n'),
        (SCRIBE_SOCKET, b'{"kind": "chaos.flood"}\n'),
    ):
        with socket.socket(socket.AF_UNIX) as road, suppress(OSError):
            road.settimeout(PATIENCE_S)
            road.connect(f"/proc/self/fd/{seat.bus_dir_fd}/../{path.name}")
            road.sendall(line)
            road.recv(1000)
    return []


def say(seat: BusSeat, data: bytes) -> None:
    """Send bytes by its own road to the kernel, whatever they are."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        with suppress(zmq.Again):
            seat.bus._socket.send(data, zmq.DONTWAIT)
            return
        time.sleep(AGAIN_S)
