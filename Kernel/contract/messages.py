"""What kernel and bus zones say to each other on the control road.

Owns: the kinds of message, their fields and limits. Does not own: who may say what (`policy.py`),
sockets (`Kernel/core/event_bus.py`, `zones/runtime/bus_client.py`).
One message is one MessagePack map; `kind` names it, the other keys are its fields. The annotations
below are the checks: msgspec carries them out while it decodes (decoding, checking and building by
hand made a round trip 1.35 times as long as plain pyzmq). The sender reads back what it is about
to send, so both sides hold the same truth.
"""

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta, Struct

from Kernel.contract.codec import MESSAGE_BYTES_MAX
from Kernel.contract.errors import CodecError

DRILL_HANG: Final = "drill.hang"
"""Name of the request that makes any bus zone hang on purpose."""
PID_MAX: Final = 2**22
COUNT_MAX: Final = 2**63 - 1
DEADLINE_S_MAX: Final = 3600.0
TEXT_CHARS_MAX: Final = 1000
DEGRADED_MAX: Final = 16
DEPTH_MAX: Final = 8
HEARTBEAT_S: Final = 0.25
"""How often a bus zone sends a heartbeat, seconds."""
_ZONE: Final = r"[a-z0-9_-]{1,32}"


def _nest(depth: int) -> Any:
    """Return the type of plain data with lists and maps in each other to `depth` levels."""
    plain: Any = None | bool | int | float | str
    leaf = plain
    for _ in range(depth):
        plain = leaf | list[plain] | dict[str, plain]
    return plain


if TYPE_CHECKING:
    PlainMap = dict[str, Any]
else:
    # What JSON can say, to DEPTH_MAX levels: a type that contains itself cannot be checked.
    PlainMap = dict[str, _nest(DEPTH_MAX - 1)]

Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
Seconds = Annotated[float, Meta(ge=0.0, le=DEADLINE_S_MAX)]
Name = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]


class _Message(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag=str.lower,
):
    """A message; its kind is the name of its class."""

    KIND: ClassVar[str] = ""


class Hello(_Message, frozen=True):
    """The first message of a started process. Zone to kernel."""

    KIND: ClassVar[str] = "hello"
    pid: Annotated[int, Meta(ge=1, le=PID_MAX)]
    zone: Annotated[str, Meta(pattern=rf"^{_ZONE}\Z")]


class Ready(_Message, frozen=True):
    """The zone can serve from now on. Zone to kernel.

    Args:
        facts: plain data about what it found, shown by `molt status`.
    """

    KIND: ClassVar[str] = "ready"
    facts: PlainMap = {}


class Degraded(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that does not work as it should, in words people act on.

    Args:
        what: the part, such as "archive.journal stable".
        why: one sentence that begins with "cannot".
        hint: a command or act that mends it, or "".
    """

    what: Name
    why: Text
    hint: Text = ""

    def fields(self) -> dict[str, str]:
        """Return the record as plain data."""
        return {"what": self.what, "why": self.why, "hint": self.hint}


class Heartbeat(_Message, frozen=True):
    """Proof of progress, sent by the loop that does the work. Zone to kernel.

    Args:
        progress: grows with every turn of that loop, and with every step of long work.
        monotonic_ns: CLOCK_MONOTONIC when it was sent.
        degraded: what does not work at present.
        turned_away: requests of others that this process has refused, since it began: who asked
            may not. Each is an event of the ledger, too.
        waiting: events of it that are not stored yet.
    """

    KIND: ClassVar[str] = "heartbeat"
    progress: Count
    monotonic_ns: Count
    degraded: Annotated[tuple[Degraded, ...], Meta(max_length=DEGRADED_MAX)] = ()
    turned_away: Count = 0
    waiting: Count = 0


class Reply(_Message, frozen=True):
    """The answer to a request. Zone to kernel.

    Args:
        request_id: that of the request.
        ok: whether it was done; if so `result` says what came of it, if not `error` says why.
    """

    KIND: ClassVar[str] = "reply"
    request_id: Count
    ok: bool
    result: PlainMap = {}
    error: Text = ""


class Drain(_Message, frozen=True):
    """Finish what is begun and leave with exit code 0 within `deadline_s`. Kernel to zone."""

    KIND: ClassVar[str] = "drain"
    deadline_s: Seconds


class Request(_Message, frozen=True):
    """Do something and reply within `deadline_s`. Kernel to zone.

    Args:
        request_id: repeated in the reply; never used twice on one endpoint.
        name: what to do; each service lists its own.
        args: plain data, checked by the service.
    """

    KIND: ClassVar[str] = "request"
    request_id: Count
    name: Name
    args: PlainMap
    deadline_s: Seconds


class Ask(_Message, frozen=True):
    """Please do something; answered once it is done, however long that takes. Zone to kernel.

    Args:
        request_id: repeated in the answer; the asker gives each number once.
        name: what to do: one of those its zone `may` (kernel.yaml) ask for.
        args: plain data, checked by the kernel.
    """

    KIND: ClassVar[str] = "ask"
    request_id: Count
    name: Name
    args: PlainMap


class Answer(_Message, frozen=True):
    """What became of an ask. Kernel to zone.

    Args:
        request_id: that of the ask.
        ok: whether it was done; if so `result` says what came of it, if not `error` says why.
        hint: what helps, or "".
    """

    KIND: ClassVar[str] = "answer"
    request_id: Count
    ok: bool
    result: PlainMap = {}
    error: Text = ""
    hint: Text = ""


FromZone = Hello | Ready | Heartbeat | Reply | Ask
ToZone = Drain | Request | Answer
Message = FromZone | ToZone

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Message)


def pack_message(message: Message) -> bytes:
    """Encode one message, and check it as the other side will.

    Raises:
        CodecError: a field is out of range or no plain data, or the whole is larger than
            MESSAGE_BYTES_MAX.
    """
    try:
        data = _ENCODER.encode(message)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CodecError(f"cannot encode {message.KIND}: {error}") from error
    parse_message(data)
    return data


def parse_message(data: bytes) -> Message:
    """Decode and check one message; the bytes are hostile.

    Raises:
        CodecError: not MessagePack, too large, unknown kind or key, missing key, wrong type, or
            a value out of range.
    """
    if len(data) > MESSAGE_BYTES_MAX:
        raise CodecError(
            f"cannot use a message of {len(data)} bytes: the limit is {MESSAGE_BYTES_MAX}"
        )
    try:
        message: Message = _DECODER.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise CodecError(f"cannot use a message: {_shorten(str(error))}") from error
    if isinstance(message, Reply | Answer) and message.ok is bool(message.error):
        raise CodecError(
            f"cannot use {message.KIND}: ok {message.ok} with error {message.error[:100]!r}"
        )
    return message


def check_zone(zone: object) -> None:
    """Raise CodecError unless `zone` is a zone name: 1-32 of a-z, 0-9, - and _."""
    if type(zone) is not str or not re.fullmatch(_ZONE, zone):
        shown = _shorten(repr(zone)) if isinstance(zone, str | int | None) else type(zone).__name__
        raise CodecError(f"cannot use the zone name {shown}: 1 to 32 of a-z 0-9 - _")


def _shorten(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "..."
