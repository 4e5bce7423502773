"""An envelope as `SwarmEvent` (SPEC 6) and back: the same envelope, byte for byte.

Owns: which field is which, what stands for words an enum does not have. Does not own: the messages
(`swarm_event.proto`), the envelope (`Kernel/contract/envelope.py`).

Four kinds have a typed content; every other carries its payload's bytes. A typed one carries them
as well where its content would not give back the very same bytes (a key that was added later, keys
in another order, a list that is empty instead of missing), and these then count: nothing is lost to
a program that reads the typed content, nor to one that wants the record. What comes from outside is
hostile and may be newer: fields that are not known are passed over, a number no enum has reads as
unspecified.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

from google.protobuf import proto
from google.protobuf.message import DecodeError, Message

from Kernel.contract.codec import pack
from Kernel.contract.envelope import (
    PAYLOAD_BYTES_MAX,
    RECORD_BYTES_MAX,
    TIME_NS_MAX,
    Envelope,
    Level,
    Role,
    id_text,
    pack_envelope,
    parse_envelope,
    parse_id,
)
from Kernel.contract.errors import CodecError
from zones.ledger.exports.swarm_event_pb2 import (
    AgentDecision,
    AgentMessage,
    AgentRole,
    EventType,
    StateChange,
    SwarmEvent,
    SystemSignal,
)
from zones.ledger.exports.swarm_event_pb2 import Level as SwarmLevel

SWARM_BYTES_MAX: Final = 4 * RECORD_BYTES_MAX
"""Of one SwarmEvent: typed content and payload beside each other, in texts and with tags."""
FOREIGN_ZONE: Final = "scribe"
"""Who speaks where a SwarmEvent of another program does not say."""
_NS: Final = 1_000_000_000
_LIFTED: Final = ("related_commit_hash", "context_window_snapshot_id")
"""Keys of a payload that are fields of the whole event, whatever its kind."""


@dataclass(frozen=True, slots=True)
class _Content:
    """How one typed kind and its message say the same.

    Args:
        field: of the oneof.
        keys: of the payload, and fields of the message, in the order of their numbers.
        optional: those that may be missing; an empty list is left out.
        enums: key -> word -> number; a word it lacks goes into `<key>_text`.
        floats: those of 4 bytes.
    """

    kind: str
    field: str
    event_type: EventType
    keys: tuple[str, ...]
    optional: frozenset[str]
    enums: Mapping[str, Mapping[str, int]]
    floats: frozenset[str]


def _content(
    kind: str,
    field: str,
    event_type: EventType,
    message: type[Message],
    enums: Mapping[str, Mapping[str, int]],
) -> _Content:
    """Read from the message's own description what may be missing and what is 4 bytes short."""
    fields = [each for each in message.DESCRIPTOR.fields if not each.name.endswith("_text")]
    return _Content(
        kind,
        field,
        event_type,
        tuple(each.name for each in fields),
        frozenset(each.name for each in fields if each.number >= _OURS_FROM),
        enums,
        frozenset(each.name for each in fields if each.type == each.TYPE_FLOAT),
    )


_OURS_FROM: Final = 10
"""In the typed messages: fields from here on are ours and may be missing."""
_CONTENTS: Final = (
    _content("agent.decided", "decision", EventType.TYPE_DECISION, AgentDecision, {}),
    _content(
        "agent.changed_state",
        "state_change",
        EventType.TYPE_STATE_CHANGE,
        StateChange,
        {"target_type": dict(StateChange.TargetType.items())},
    ),
    _content(
        "agent.signalled",
        "system_signal",
        EventType.TYPE_SYSTEM,
        SystemSignal,
        {"status": dict(SystemSignal.Status.items())},
    ),
    _content("agent.messaged", "message", EventType.TYPE_MESSAGE, AgentMessage, {}),
)
_OF_KIND: Final = {content.kind: content for content in _CONTENTS}
_OF_FIELD: Final = {content.field: content for content in _CONTENTS}
_LEVEL_WORDS: Final = {level: SwarmLevel.Name(level + 1) for level in Level}
_VERSION: Final = 1
"""Of the payloads that the typed contents say."""


def swarm_event(envelope: Envelope, position: int = 0, head: bytes = b"") -> SwarmEvent:
    """Return an envelope as the outside reads it.

    Args:
        position: in the ledger; 0: not stored.
        head: of the chain, at that position.
    """
    event = SwarmEvent(
        event_id=id_text(envelope.id),
        trace_id=envelope.trace.hex(),
        span_id=envelope.span.hex(),
        agent_role=AgentRole.Name(envelope.role),
        agent_id=envelope.agent,
        cause=id_text(envelope.cause),
        tick=envelope.tick,
        zone=envelope.zone,
        position=position,
        chain_head=head,
        kind=envelope.kind,
        version=envelope.version,
        level=_LEVEL_WORDS[envelope.level],
    )
    event.timestamp.seconds, event.timestamp.nanos = divmod(envelope.time_ns, _NS)
    content = _OF_KIND.get(envelope.kind)
    if content is not None:
        event.event_type = content.event_type
    elif not any(key.encode() in envelope.payload for key in _LIFTED):
        event.payload = envelope.payload
        return event
    _fill(event, envelope, content)
    return event


def _fill(event: SwarmEvent, envelope: Envelope, content: _Content | None) -> None:
    """Give an event its typed content, and its payload where that does not say everything."""
    try:
        fields = envelope.payload_fields()
    except CodecError:
        event.payload = envelope.payload
        return
    for key in _LIFTED:
        if isinstance(fields.get(key), str):
            setattr(event, key, fields[key])
    if content is None or not _set_content(event, content, fields):
        event.payload = envelope.payload
        return
    try:
        says_it = _payload_of(event, content) == envelope.payload
    except CodecError:  # it would be longer than a payload may be
        says_it = False
    if not says_it:
        event.payload = envelope.payload


def _set_content(event: SwarmEvent, content: _Content, fields: Mapping[str, Any]) -> bool:
    """Fill the typed content; False, and it stays away, where a value has another type."""
    message = getattr(event, content.field)
    message.SetInParent()
    try:
        for key in content.keys:
            value = fields.get(key)
            if value is None:
                continue
            words = content.enums.get(key)
            if words is not None:
                number = words.get(value, 0) if isinstance(value, str) else 0
                if number == 0:
                    setattr(message, f"{key}_text", value)
                    continue
                value = number
            if isinstance(value, list):
                getattr(message, key).extend(value)
            else:
                setattr(message, key, value)
    except (TypeError, ValueError, AttributeError):  # the last: a list for a word, or the reverse
        event.ClearField(content.field)
        return False
    return True


def _payload_of(event: SwarmEvent, content: _Content) -> bytes:
    """Return the payload that a typed content says, its keys in the order of their numbers."""
    message = getattr(event, content.field)
    fields: dict[str, Any] = {}
    for key in content.keys:
        value = getattr(message, key)
        if key in content.enums:
            value = getattr(message, f"{key}_text") or _word(content.enums[key], value)
        elif not isinstance(value, str | int | float):
            value = list(value)
        if key in content.optional and not _is_there(message, key, value):
            continue
        fields[key] = _shortest(value) if key in content.floats else value
    for key in _LIFTED:
        if lifted := getattr(event, key):
            fields[key] = lifted
    return pack(fields, PAYLOAD_BYTES_MAX)


def _word(words: Mapping[str, int], number: int) -> str:
    """Return an enum's word, "" for 0 and for what is newer than we are."""
    return next((word for word, each in words.items() if each == number != 0), "")


def _is_there(message: Message, key: str, value: object) -> bool:
    return bool(value) if isinstance(value, list) else message.HasField(key)


def _shortest(value: float) -> float:
    """Return the number with the fewest digits that is this one in 4 bytes: 0.87, and no tail.

    Source: protobuf's own JSON mapping prints a float so.
    """
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if abs(short) <= _FLOAT_MAX and struct.pack("<f", short) == struct.pack("<f", value):
            return short
    return value


_FLOAT_MAX: Final = 3.4028234663852886e38


def envelope_of(event: SwarmEvent) -> Envelope:
    """Return the envelope of an event, which may be another program's and newer than we are.

    Raises:
        CodecError: an id is none, the time is before 1970, or it says neither kind nor content.
    """
    content = _OF_FIELD.get(event.WhichOneof("content") or "")
    kind = event.kind or (content.kind if content else "")
    if not kind:
        raise CodecError("cannot use a SwarmEvent that has neither a kind nor a content we know")
    if event.HasField("payload"):
        payload = event.payload
    else:
        payload = _payload_of(event, content) if content and kind == content.kind else _NOTHING
    time_ns = event.timestamp.seconds * _NS + event.timestamp.nanos
    if not 0 <= time_ns <= TIME_NS_MAX:
        raise CodecError(f"cannot use a SwarmEvent of the time {event.timestamp.seconds} s")
    envelope = Envelope(
        id=parse_id(event.event_id),
        time_ns=time_ns,
        tick=event.tick if event.HasField("tick") else None,
        zone=event.zone or FOREIGN_ZONE,
        kind=kind,
        version=event.version if event.kind else _VERSION,
        level=Level(event.level - 1) if event.level in _LEVELS else Level.INFO,
        payload=payload,
        cause=parse_id(event.cause) if event.cause else b"",
        role=Role(event.agent_role) if event.agent_role in _ROLES else Role.UNSPECIFIED,
        agent=event.agent_id,
        trace=_hex(event.trace_id),
        span=_hex(event.span_id),
    )
    return parse_envelope(pack_envelope(envelope))


_NOTHING: Final = pack({})
_LEVELS: Final = frozenset(SwarmLevel.values()) - {0}
_ROLES: Final = frozenset(int(role) for role in Role) & frozenset(AgentRole.values())


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise CodecError(f"cannot read the trace or span id {text[:40]!r}: {error}") from error


def pack_swarm(event: SwarmEvent) -> bytes:
    """Return an event's bytes; the same event gives the same ones."""
    data: bytes = event.SerializeToString(deterministic=True)
    return data


def parse_swarm(data: bytes) -> SwarmEvent:
    """Return the event of hostile bytes.

    Raises:
        CodecError: too large, or no SwarmEvent.
    """
    if len(data) > SWARM_BYTES_MAX:
        raise CodecError(f"cannot use a SwarmEvent of {len(data)} bytes: {SWARM_BYTES_MAX} at most")
    try:
        event: SwarmEvent = SwarmEvent.FromString(data)
    except DecodeError as error:
        raise CodecError(f"cannot use a SwarmEvent of {len(data)} bytes: {error}") from error
    return event


def write_delimited(event: SwarmEvent, out: IO[bytes]) -> None:
    """Write an event with its length before it, as files and streams of protobuf hold them."""
    proto.serialize_length_prefixed(event, out)


def read_delimited(source: IO[bytes]) -> Iterator[SwarmEvent]:
    """Yield the events of such a file or stream; it is hostile.

    Raises:
        CodecError: it ends within an event, or one is too large or no SwarmEvent.
    """
    while (length := _read_length(source)) is not None:
        data = source.read(length) if length <= SWARM_BYTES_MAX else b""
        if len(data) != length:
            raise CodecError(f"cannot read a SwarmEvent of {length} bytes: {len(data)} are there")
        yield parse_swarm(data)


def _read_length(source: IO[bytes]) -> int | None:
    """Return the varint before an event, None at the end."""
    length = 0
    for place in range(5):
        byte = source.read(1)
        if not byte and place == 0:
            return None
        if not byte:
            break
        length |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            return length
    raise CodecError("cannot read the length before a SwarmEvent: it is cut or too long")
