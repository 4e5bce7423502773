"""What kernel and bus zones say to each other on the control road.

Owns: the kinds of message, their fields and limits, checked by the same function before sending
and after arrival, and the table of who may say what. Does not own: bytes (`codec.py`), sockets
(`Kernel/core/event_bus.py`, `zones/runtime/bus_client.py`).
One message is one MessagePack map; `kind` names it, the other keys are its fields.
"""

import reprlib
from dataclasses import dataclass, field
from typing import Any, ClassVar

from Kernel.contract.codec import check_keys, pack_checked, unpack_unchecked
from Kernel.contract.errors import CodecError

ZONE_CHARS_MAX = 32
NAME_CHARS_MAX = 64
TEXT_CHARS_MAX = 1000
DEGRADED_MAX = 16
PID_MAX = 2**22
DEADLINE_S_MAX = 3600.0
COUNT_MAX = 2**63 - 1
DRILL_HANG = "drill.hang"
"""Name of the request that makes any bus zone hang on purpose."""
HEARTBEAT_S = 0.25
"""How often a bus zone sends a heartbeat, seconds."""

_ZONE_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message of a started process. Zone to kernel."""

    KIND: ClassVar[str] = "hello"
    pid: int
    zone: str

    def fields(self) -> dict[str, Any]:
        """Return the message as plain data."""
        return {"kind": "hello", "pid": self.pid, "zone": self.zone}

    def check(self) -> None:
        """Raise CodecError unless every field is in range."""
        _whole("hello", "pid", self.pid, 1, PID_MAX)
        check_zone(self.zone)


@dataclass(frozen=True, slots=True)
class Ready:
    """The zone can serve from now on. Zone to kernel.

    Args:
        facts: plain data about what it found, shown by `molt status`.
    """

    KIND: ClassVar[str] = "ready"
    facts: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return the message as plain data."""
        return {"kind": "ready", "facts": self.facts}

    def check(self) -> None:
        """Raise CodecError unless every field is in range."""
        _map("ready", "facts", self.facts)


@dataclass(frozen=True, slots=True)
class Degraded:
    """One thing that does not work as it should, in words people act on.

    Args:
        what: the part, such as "journal".
        why: one sentence that begins with "cannot".
        hint: a command or act that mends it, or "".
    """

    what: str
    why: str
    hint: str = ""

    def fields(self) -> dict[str, str]:
        """Return the record as plain data."""
        return {"what": self.what, "why": self.why, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Proof of progress, sent by the loop that does the work. Zone to kernel.

    Args:
        progress: grows with every turn of that loop, and with every step of long work.
        monotonic_ns: CLOCK_MONOTONIC when it was sent.
        degraded: what does not work at present.
    """

    KIND: ClassVar[str] = "heartbeat"
    progress: int
    monotonic_ns: int
    degraded: tuple[Degraded, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return the message as plain data; `degraded` is left out when there is nothing."""
        fields: dict[str, Any] = {
            "kind": "heartbeat",
            "progress": self.progress,
            "monotonic_ns": self.monotonic_ns,
        }
        if self.degraded:
            fields["degraded"] = [entry.fields() for entry in self.degraded]
        return fields

    def check(self) -> None:
        """Raise CodecError unless every field is in range."""
        _whole("heartbeat", "progress", self.progress, 0, COUNT_MAX)
        _whole("heartbeat", "monotonic_ns", self.monotonic_ns, 0, COUNT_MAX)
        if len(self.degraded) > DEGRADED_MAX:
            raise CodecError(
                f"cannot use heartbeat: {len(self.degraded)} degraded, the limit is {DEGRADED_MAX}"
            )
        for entry in self.degraded:
            _text("heartbeat", "what", entry.what, NAME_CHARS_MAX)
            _text("heartbeat", "why", entry.why, TEXT_CHARS_MAX)
            _text("heartbeat", "hint", entry.hint, TEXT_CHARS_MAX)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request. Zone to kernel.

    Args:
        request_id: that of the request.
        ok: whether it was done; if so `result` says what came of it, if not `error` says why.
    """

    KIND: ClassVar[str] = "reply"
    request_id: int
    ok: bool
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the message as plain data."""
        return {
            "kind": "reply",
            "request_id": self.request_id,
            "ok": self.ok,
            "result": self.result,
            "error": self.error,
        }

    def check(self) -> None:
        """Raise CodecError unless every field is in range."""
        _whole("reply", "request_id", self.request_id, 0, COUNT_MAX)
        if type(self.ok) is not bool or self.ok is bool(self.error):
            raise CodecError(f"cannot use reply: ok {self.ok!r} with error {self.error!r}")
        _map("reply", "result", self.result)
        _text("reply", "error", self.error, TEXT_CHARS_MAX)


@dataclass(frozen=True, slots=True)
class Drain:
    """Finish what is begun and leave with exit code 0 within `deadline_s`. Kernel to zone."""

    KIND: ClassVar[str] = "drain"
    deadline_s: float

    def fields(self) -> dict[str, Any]:
        """Return the message as plain data."""
        return {"kind": "drain", "deadline_s": self.deadline_s}

    def check(self) -> None:
        """Raise CodecError unless every field is in range."""
        _seconds("drain", self.deadline_s)


@dataclass(frozen=True, slots=True)
class Request:
    """Do something and reply within `deadline_s`. Kernel to zone.

    Args:
        request_id: repeated in the reply; never used twice on one endpoint.
        name: what to do; each service lists its own.
        args: plain data, checked by the service.
    """

    KIND: ClassVar[str] = "request"
    request_id: int
    name: str
    args: dict[str, Any]
    deadline_s: float

    def fields(self) -> dict[str, Any]:
        """Return the message as plain data."""
        return {
            "kind": "request",
            "request_id": self.request_id,
            "name": self.name,
            "args": self.args,
            "deadline_s": self.deadline_s,
        }

    def check(self) -> None:
        """Raise CodecError unless every field is in range."""
        _whole("request", "request_id", self.request_id, 0, COUNT_MAX)
        _text("request", "name", self.name, NAME_CHARS_MAX)
        _map("request", "args", self.args)
        _seconds("request", self.deadline_s)


FromZone = Hello | Ready | Heartbeat | Reply
ToZone = Drain | Request
Message = FromZone | ToZone

_TYPES: dict[str, type[Message]] = {
    kind.KIND: kind for kind in (Hello, Ready, Heartbeat, Reply, Drain, Request)
}

_EVERY_ZONE = frozenset({Hello.KIND, Ready.KIND, Heartbeat.KIND, Reply.KIND})
_MORE: dict[str, frozenset[str]] = {}
"""Kinds one zone may say beyond those of every zone (trial, activation, slot: later issues)."""


def is_allowed(zone: str, kind: str) -> bool:
    """Return whether the process behind `zone`'s endpoint may say `kind` to the kernel."""
    return kind in _EVERY_ZONE or kind in _MORE.get(zone, frozenset())


def pack_message(message: Message) -> bytes:
    """Check and encode one message.

    Raises:
        CodecError: a field is out of range, or the whole is larger than MESSAGE_BYTES_MAX.
    """
    message.check()
    return pack_checked(message.fields())


def parse_message(data: bytes) -> Message:
    """Decode and check one message; the bytes are hostile.

    Raises:
        CodecError: not MessagePack, too large, unknown kind or key, missing key, wrong type, or
            a value out of range.
    """
    # All keys are checked below: those of the message and of `degraded` because they must be
    # names of fields, those of free-form maps by check().
    fields = unpack_unchecked(data)
    kind = fields.pop("kind", None)
    message_type = _TYPES.get(kind) if type(kind) is str else None
    if message_type is None:
        raise CodecError(f"cannot read a message of kind {_short(kind)}")
    if "degraded" in fields:
        fields["degraded"] = _parse_degraded(fields["degraded"])
    try:
        message = message_type(**fields)
    except TypeError as error:
        raise CodecError(f"cannot read {kind}: keys {_short(list(fields))}") from error
    message.check()
    return message


def check_zone(zone: object) -> None:
    """Raise CodecError unless `zone` is a zone name: 1-32 of a-z, 0-9, - and _."""
    if type(zone) is not str or not 0 < len(zone) <= ZONE_CHARS_MAX or set(zone) - _ZONE_CHARS:
        raise CodecError(
            f"cannot use the zone name {_short(zone)}: 1 to {ZONE_CHARS_MAX} of a-z 0-9 - _"
        )


def _parse_degraded(entries: object) -> tuple[Degraded, ...]:
    if not isinstance(entries, list) or not 0 < len(entries) <= DEGRADED_MAX:
        raise CodecError(f"cannot read heartbeat: degraded {_short(entries)}")
    try:
        return tuple(Degraded(**entry) for entry in entries)
    except TypeError as error:
        raise CodecError(f"cannot read heartbeat: degraded {_short(entries)}") from error


def _whole(kind: str, name: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise CodecError(f"cannot use {kind}: {name} {_short(value)} is not {low} to {high}")


def _seconds(kind: str, value: object) -> None:
    if type(value) not in (int, float) or not 0 <= value <= DEADLINE_S_MAX:  # type: ignore[operator]  # the first half has settled the type
        raise CodecError(
            f"cannot use {kind}: deadline_s {_short(value)} is not 0 to {DEADLINE_S_MAX:g}"
        )


def _text(kind: str, name: str, value: object, chars_max: int) -> None:
    if type(value) is not str or len(value) > chars_max:
        raise CodecError(f"cannot use {kind}: {name} {_short(value)}, text to {chars_max}")


def _map(kind: str, name: str, value: object) -> None:
    if type(value) is not dict:
        raise CodecError(f"cannot use {kind}: {name} {_short(value)} is not a map")
    try:
        check_keys(value)
    except (TypeError, RecursionError) as error:
        raise CodecError(f"cannot use {kind}: {name}: {error}") from error


def _short(value: object) -> str:
    # reprlib looks at a few levels only: repr of a deeply nested hostile value would overflow.
    return reprlib.repr(value)
