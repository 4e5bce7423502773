"""What senders, followers and the archive say to each other on the user bus.

Owns: the messages, their fields and limits. Does not own: sockets (`zones/runtime/user_bus.py`, the
kernel's `log_sender.py`, the archive), what a sender keeps (`outbox.py`), events (`envelope.py`).

The road is a Unix SEQPACKET socket per zone, `run/bus/events-<zone>.sock`: the kernel listens on it
and hands the listening socket to each archive process, so a connection made while there is no
archive waits instead of failing. Whose events come in is known from the endpoint. One message is a
MessagePack array that begins with its name; a datagram holds one message.

A sender says Hello with its epoch (new at each start) and numbers its events 1, 2, 3, ... in it.
The archive answers Welcome with the last number of that epoch it has stored; the sender goes on
behind it. Put is answered by Stored once its events are on disk. A connection may say Hello again
with another epoch: what an earlier life left behind goes first.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from Kernel.contract.envelope import NAME_CHARS_MAX, RECORD_BYTES_MAX, arena_event_id
from Kernel.contract.errors import CodecError

PROTOCOL: Final = 1
EPOCH_BYTES: Final = 8
MESSAGE_BYTES_MAX: Final = 128 * 1024
"""Of one message: a Unix socket's default buffer (212,992 bytes) takes it whole."""
BATCH_BYTES_MAX: Final = MESSAGE_BYTES_MAX - RECORD_BYTES_MAX
"""When a Put or Records is full: one record more, of any size, still fits."""
BATCH_MAX: Final = 1024
NUMBER_MAX: Final = 2**62
SCRIBE: Final = "scribe"
"""The zone of events that come in by the scribe socket."""

_OF_SCRIBE: Final = b"scribe: "

Number = Annotated[int, Meta(ge=0, le=NUMBER_MAX)]
Record = Annotated[bytes, Meta(max_length=RECORD_BYTES_MAX)]
Records_ = Annotated[list[Record], Meta(min_length=1, max_length=BATCH_MAX)]
Epoch = Annotated[bytes, Meta(min_length=EPOCH_BYTES, max_length=EPOCH_BYTES)]
Words = Annotated[str, Meta(max_length=1000)]


class _Message(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=str.lower):
    """A message; its name is the first element of the array."""


class Hello(_Message, frozen=True):
    """Who sends, and from where on. Sender to archive.

    Args:
        epoch: of this life of the sender.
        next_number: the lowest number it still has, or would give next: all before it is settled.
    """

    protocol: int
    zone: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    epoch: Epoch
    next_number: Annotated[int, Meta(ge=1, le=NUMBER_MAX)]


class Put(_Message, frozen=True):
    """Events `first_number`, `first_number + 1`, ... of the epoch. Sender to archive."""

    first_number: Annotated[int, Meta(ge=1, le=NUMBER_MAX)]
    records: Records_


class Follow(_Message, frozen=True):
    """Send me everything from this position on, in log order, for good. Follower to archive."""

    protocol: int
    from_position: Number


class Welcome(_Message, frozen=True):
    """The archive knows the sender: all up to `stored` of its epoch is stored already."""

    stored: Number
    newest_position: Number


class Stored(_Message, frozen=True):
    """Everything of the epoch up to `number` is on disk; that one is at `position`."""

    number: Number
    position: Number


class Rejected(_Message, frozen=True):
    """Event `number` will never be stored, and counts as settled: its sender was to know better."""

    number: Number
    why: Words


class Standing(_Message, frozen=True):
    """How the archive is: `why` it cannot store at present, "" when it can (again)."""

    why: Words
    hint: Words = ""


class Records(_Message, frozen=True):
    """Stored records from `first_position` on, without a gap. Archive to follower."""

    first_position: Number
    records: Records_


FromSender = Hello | Put | Follow
FromArchive = Welcome | Stored | Rejected | Standing | Records

_ENCODER: Final = msgspec.msgpack.Encoder()
_FROM_SENDER: Final = msgspec.msgpack.Decoder(FromSender)
_FROM_ARCHIVE: Final = msgspec.msgpack.Decoder(FromArchive)


def scribe_event_id(epoch: bytes, number: int) -> bytes:
    """Return the id of a numbered line at the scribe's socket, the same each time it is sent."""
    return arena_event_id(_OF_SCRIBE + epoch, number)


def endpoint_name(zone: str) -> str:
    """Return the file name of a zone's endpoint in the bus directory."""
    return f"events-{zone}.sock"


def pack_message(message: FromSender | FromArchive) -> bytes:
    """Encode one message.

    Raises:
        CodecError: it is larger than MESSAGE_BYTES_MAX.
    """
    data = _ENCODER.encode(message)
    if len(data) > MESSAGE_BYTES_MAX:
        raise CodecError(f"cannot send {len(data)} bytes on the bus: {MESSAGE_BYTES_MAX} at most")
    return data


def parse_from_sender(data: bytes | memoryview) -> FromSender:
    """Decode what the archive has received; the bytes are hostile.

    Raises:
        CodecError: not a message a sender or follower may say.
    """
    try:
        message: FromSender = _FROM_SENDER.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise CodecError(f"cannot use a message of the bus: {str(error)[:200]}") from error
    return message


def parse_from_archive(data: bytes | memoryview) -> FromArchive:
    """Decode what a sender or follower has received.

    Raises:
        CodecError: not a message an archive may say.
    """
    try:
        message: FromArchive = _FROM_ARCHIVE.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise CodecError(f"cannot use a message of the bus: {str(error)[:200]}") from error
    return message
