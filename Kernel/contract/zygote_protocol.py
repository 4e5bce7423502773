"""What kernel and zygote say to each other, over a SEQPACKET pair that also carries descriptors.

Owns: the messages and how one is sent and read. Does not own: forking (`zones/runtime/zygote.py`)
or starting a zygote (`Kernel/ports/process.py`). Not ZeroMQ: a context must not cross a fork.

The kernel says Configure once, then Fork as often as it likes. The zygote answers Prepared (or
Unprepared), after as many Progress as it likes, then Forked or Unforked for every Fork, in order.
A Fork of the role ZYGOTE asks for another zygote, which has all that the one asked has loaded; with
it go its end of a road of its own ("road") and of a pipe for its stderr ("stderr"), and on that
road it is spoken to from the beginning: Configure, with the same settings and other traits.
"""

import os
import reprlib
import socket
from array import array
from dataclasses import asdict, dataclass, field
from typing import Any, get_origin, get_type_hints

from Kernel.contract.codec import MESSAGE_BYTES_MAX, pack, unpack
from Kernel.contract.errors import CodecError

ZYGOTE = "zygote"
"""The role of a process that is a zygote itself, and in the facts of one that can fork such."""
DESCRIPTORS_MAX = 128
"""Those of one Fork; the broker of the events gets a listening socket for each zone."""


@dataclass(frozen=True, slots=True)
class Configure:
    """First message: the settings of the zone, as parsed from its yaml file.

    Args:
        traits: hashes of the traits whose code the generation has (`HOME/data/traits`); not sent
            where there are none, so that a slot of before there were any reads the message.
    """

    zone: str
    home: str
    settings: dict[str, Any]
    traits: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the preparing is, for people: it decides nothing, and a zygote may send none.

    Args:
        done: steps that are behind it.
        total: steps there are, 0 when it cannot tell.
        what: the step that has begun, a word or two.
    """

    done: int
    total: int
    what: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """The generation is imported, compiled and warm. `facts` is what the service says of itself."""

    pid: int
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unprepared:
    """The service refused its settings, or could not be imported.

    Args:
        faults: {"key", "why"} for each key that is wrong; the kernel knows in which line it is.
    """

    code: int
    message: str
    hint: str
    faults: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fork:
    """Ask for one process.

    Args:
        serial: the kernel's number for the process.
        role: founder | heir | process | trial | call | zygote.
        descriptors: names of the descriptors sent along, in order.
        facts: plain data for the role.
    """

    serial: int
    role: str
    descriptors: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forked:
    """The process exists and has, or is about to have, the kernel as its parent."""

    serial: int
    pid: int


@dataclass(frozen=True, slots=True)
class Unforked:
    """The machine has no room for one process more; the zygote is well and may be asked again."""

    serial: int
    why: str


Message = Configure | Progress | Prepared | Unprepared | Fork | Forked | Unforked
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (Configure, Progress, Prepared, Unprepared, Fork, Forked, Unforked)
}
_TYPES = {
    kind: {name: get_origin(hint) or hint for name, hint in get_type_hints(kind).items()}
    for kind in _KINDS.values()
}


def send(road: socket.socket, message: Message, descriptors: list[int] | None = None) -> None:
    """Send one message, with descriptors that the other side gets copies of.

    Raises:
        OSError: the other side is gone, or its queue is full (EAGAIN on a non-blocking road).
    """
    fields = asdict(message)
    if isinstance(message, Configure) and not message.traits:
        del fields["traits"]
    data = pack({"is": type(message).__name__, **fields})
    rights = array("i", descriptors or [])
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
    road.sendmsg([data], ancillary)


def receive(road: socket.socket) -> tuple[Message, list[int]] | None:
    """Read one message and the descriptors with it; None when the other side has hung up.

    Raises:
        CodecError: not a message of this protocol (its descriptors are closed).
        BlockingIOError: nothing there on a non-blocking road.
    """
    room = socket.CMSG_SPACE(DESCRIPTORS_MAX * array("i").itemsize)
    data, ancillary, _flags, _address = road.recvmsg(
        MESSAGE_BYTES_MAX, room, socket.MSG_CMSG_CLOEXEC
    )
    descriptors = array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            whole = len(payload) - len(payload) % descriptors.itemsize
            descriptors.frombytes(payload[:whole])
    if not data:
        return None
    try:
        return _parse(unpack(data)), list(descriptors)
    except CodecError:
        for descriptor in descriptors:
            os.close(descriptor)
        raise


def _parse(fields: dict[str, Any]) -> Message:
    name = fields.pop("is", None)
    kind = _KINDS.get(name) if type(name) is str else None
    if kind is None:
        raise CodecError(f"cannot read a zygote message of kind {reprlib.repr(name)}")
    try:
        message: Message = kind(**fields)
    except TypeError as error:
        raise CodecError(f"cannot read a zygote message: {error}") from error
    for key, wanted in _TYPES[kind].items():
        value = getattr(message, key)
        if type(value) is not wanted:
            raise CodecError(f"cannot read {name}: {key} is {reprlib.repr(value)}")
    return message
