"""An event as it is sent and as it is stored: one envelope of fixed fields around a payload.

Owns: the fields, their limits, the bytes of a record, ids. Does not own: which kinds there are and
what their payloads hold (`kinds.py`), how records travel (`user_bus.py`), the chain (the ledger).

A record is the envelope as a MessagePack array, in the order of the fields below; the ledger stores
these very bytes and chains them. The payload inside is MessagePack of a map, opaque to the archive:
its sender has validated and redacted it, so storing 150,000 a second needs no look inside.
"""

import hashlib
import struct
from enum import IntEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from Kernel.contract.codec import MESSAGE_BYTES_MAX, unpack
from Kernel.contract.errors import CodecError

ID_BYTES: Final = 16
TRACE_BYTES: Final = 16
SPAN_BYTES: Final = 8
PAYLOAD_BYTES_MAX: Final = MESSAGE_BYTES_MAX
RECORD_BYTES_MAX: Final = PAYLOAD_BYTES_MAX + 1024
"""Of one whole event as stored."""
KIND_CHARS_MAX: Final = 64
NAME_CHARS_MAX: Final = 64
TIME_NS_MAX: Final = 2**63 - 1
TICK_MAX: Final = 2**62
KERNEL: Final = "kernel"
"""Stands for the zone where the kernel itself speaks."""


class Level(IntEnum):
    """How much an event asks of people."""

    INFO = 0
    WARNING = 1
    ERROR = 2


class Role(IntEnum):
    """Whose act an event is; 0 to 4 are those of `SwarmEvent` (SPEC 6)."""

    UNSPECIFIED = 0
    ARCHITECT = 1
    CODER = 2
    REVIEWER = 3
    OPERATOR = 4
    WATCHER = 5
    HISTORIAN = 6
    PATCHER = 7
    ORCHESTRATOR = 8


Id = Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
Cause = Annotated[bytes, Meta(max_length=ID_BYTES)]
Trace = Annotated[bytes, Meta(max_length=TRACE_BYTES)]
Span = Annotated[bytes, Meta(max_length=SPAN_BYTES)]


class Envelope(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One event.

    Args:
        id: UUID bytes; names the event for good, a repeated sending keeps it.
        time_ns: wall clock at the sender, nanoseconds since 1970; decides nothing.
        tick: the world's committed tick, None where there is no world.
        zone: who speaks, a zone's name, KERNEL, or "scribe".
        kind: one of `kinds.py`, or a free one of the scribe.
        version: of that kind's payload.
        level: how much it asks of people.
        payload: MessagePack of a map.
        cause: id of the event that caused it, b"" for none.
        role: whose act it is.
        agent: id of the agent, program or person, "" for none.
        trace: W3C trace id, b"" for none.
        span: W3C span id, b"" for none.
    """

    id: Id
    time_ns: Annotated[int, Meta(ge=0, le=TIME_NS_MAX)]
    tick: Annotated[int, Meta(ge=0, le=TICK_MAX)] | None
    zone: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    kind: Annotated[str, Meta(min_length=1, max_length=KIND_CHARS_MAX)]
    version: Annotated[int, Meta(ge=0, le=65535)]
    level: Level
    payload: Annotated[bytes, Meta(max_length=PAYLOAD_BYTES_MAX)]
    cause: Cause = b""
    role: Role = Role.UNSPECIFIED
    agent: Annotated[str, Meta(max_length=NAME_CHARS_MAX)] = ""
    trace: Trace = b""
    span: Span = b""

    def payload_fields(self) -> dict[str, Any]:
        """Return the payload as plain data; bytes stay bytes.

        Raises:
            CodecError: it is not MessagePack of a map with text keys.
        """
        return unpack(self.payload, PAYLOAD_BYTES_MAX)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Envelope)
_LENGTHS: Final = {0, ID_BYTES}


def pack_envelope(envelope: Envelope) -> bytes:
    """Return the record of an envelope, checked as its reader will.

    Raises:
        CodecError: a field is out of range, or the whole is larger than RECORD_BYTES_MAX.
    """
    try:
        record = _ENCODER.encode(envelope)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CodecError(f"cannot encode the event {envelope.kind!r}: {error}") from error
    parse_envelope(record)
    return record


def parse_envelope(record: bytes | memoryview) -> Envelope:
    """Return the envelope of a record; the bytes are hostile, its payload is not looked at.

    Raises:
        CodecError: too large, not MessagePack, or a field of the wrong type or out of range.
    """
    if len(record) > RECORD_BYTES_MAX:
        raise CodecError(f"cannot use an event of {len(record)} bytes: {RECORD_BYTES_MAX} at most")
    try:
        envelope = _DECODER.decode(record)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise CodecError(f"cannot use an event: {str(error)[:200]}") from error
    if len(envelope.cause) not in _LENGTHS or len(envelope.trace) not in _LENGTHS:
        raise CodecError(f"cannot use an event: its cause and trace take 0 or {ID_BYTES} bytes")
    if len(envelope.span) not in (0, SPAN_BYTES):
        raise CodecError(f"cannot use an event: its span takes 0 or {SPAN_BYTES} bytes")
    return envelope


def new_id(time_ns: int, entropy: bytes) -> bytes:
    """Return a fresh event id: UUID version 7, so that ids sort by time.

    Args:
        time_ns: wall clock, nanoseconds since 1970.
        entropy: 10 random bytes.

    Source: RFC 9562, section 5.7.
    """
    stamp = (time_ns // 1_000_000).to_bytes(8, "big")[2:]
    return _mark(stamp + entropy[:10], 7)


def arena_event_id(arena: bytes, sequence: int) -> bytes:
    """Return the id of event `sequence` of an arena's outbox: UUID version 8.

    It is a hash of both: whoever reads the outbox again, after a kill, gives the same event the
    same id, and a world needs no randomness and no clock to name its events.

    Args:
        arena: the 16 bytes of the arena's id.
    """
    digest = hashlib.sha256(arena + struct.pack("<Q", sequence)).digest()
    return _mark(digest[:ID_BYTES], 8)


def _mark(data: bytes, version: int) -> bytes:
    """Set version and variant of a UUID (RFC 9562, section 4)."""
    return b"%b%c%b%c%b" % (
        data[:6],
        data[6] & 0x0F | version << 4,
        data[7:8],
        data[8] & 0x3F | 0x80,
        data[9:],
    )


def id_text(event_id: bytes) -> str:
    """Return an id as people and programs write it, "" for none."""
    text = event_id.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])) if text else ""


def parse_id(text: str) -> bytes:
    """Return the bytes of an id as `id_text` writes it; hyphens and case do not matter.

    Raises:
        CodecError: it is none.
    """
    plain = text.replace("-", "")
    try:
        event_id = bytes.fromhex(plain)
    except ValueError:
        event_id = b""
    if len(event_id) != ID_BYTES or len(plain) != 2 * ID_BYTES:
        raise CodecError(f"cannot read the event id {text[:80]!r}: it takes 32 hexadecimal digits")
    return event_id
