"""A line at the scribe's socket: an event of any program that wants one to be kept.

Owns: its keys, their limits, the event that is made of it, the forms of the answer. Does not own:
sockets and limits on how many (`scribe_server.py`). Pure.

    {"kind": "build.finished", "payload": {"ok": true}, "number": 7, "epoch": "0123456789abcdef"}
    {"ok": true, "id": "0192...", "position": 4711}
    {"ok": false, "why": "cannot ...", "hint": "...", "again": true}

The sender is a stranger: the event is validated and redacted here, only kinds in families that molt
does not use are taken, and its zone is "scribe". With `epoch` (16 hexadecimal digits, new at each
start of the program) and `number` (growing in it) a line may be sent again without being stored
again; its id follows from both, so it is the same one each time. "again" is there when the same
line may be stored later.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from Kernel.contract.envelope import (
    ID_BYTES,
    NAME_CHARS_MAX,
    SPAN_BYTES,
    TICK_MAX,
    TIME_NS_MAX,
    TRACE_BYTES,
    Envelope,
    Level,
    Role,
    id_text,
    parse_id,
)
from Kernel.contract.errors import CodecError
from Kernel.contract.kinds import Story, make_free_event
from Kernel.contract.user_bus import EPOCH_BYTES, NUMBER_MAX, SCRIBE, scribe_event_id

KEYS: Final = frozenset(
    {
        "kind", "payload", "agent", "role", "cause", "trace", "span", "level", "tick", "number",
        "epoch", "time",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be stored.

    Args:
        epoch: b"" when the sender does not number its lines.
    """

    envelope: Envelope
    epoch: bytes = b""
    number: int = 0


def parse_line(text: bytes, time_ns: int, entropy: bytes) -> Line:
    """Return the event of a line; the bytes are hostile.

    Args:
        time_ns: when it came in: the event's time, unless it says its own.
        entropy: 10 random bytes.

    Raises:
        CodecError: it cannot be stored, ever.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"cannot read a line: it is not JSON: {str(error)[:200]}") from error
    if not isinstance(fields, dict) or "kind" not in fields:
        raise CodecError('cannot read a line: it takes an object with "kind"')
    unknown = sorted(set(fields) - KEYS)
    if unknown:
        raise CodecError(f"cannot use {unknown[0][:40]!r}; keys are {', '.join(sorted(KEYS))}")
    epoch, number = _numbered(fields)
    payload = fields.get("payload", {})
    if type(fields["kind"]) is not str or not isinstance(payload, dict):
        raise CodecError("cannot read a line: kind is a text, payload an object")
    story = Story(
        SCRIBE,
        _time_ns(fields, time_ns),
        tick=_whole(fields, "tick", TICK_MAX),
        cause=_cause(fields),
        role=_choice(fields, "role", Role, Role.UNSPECIFIED),
        agent=_text(fields, "agent"),
        trace=_hex(fields, "trace", TRACE_BYTES),
        span=_hex(fields, "span", SPAN_BYTES),
    )
    level = _choice(fields, "level", Level, Level.INFO)
    envelope = make_free_event(fields["kind"], payload, story, entropy, level)
    if epoch:
        envelope = msgspec.structs.replace(envelope, id=scribe_event_id(epoch, number))
    return Line(envelope, epoch, number)


def accepted(event_id: bytes, position: int | None) -> bytes:
    """Return the answer to a line that is on disk; no position: it was there before."""
    return _answer({"ok": True, "id": id_text(event_id), "position": position})


def refused(why: str, hint: str = "", *, again: bool = False) -> bytes:
    """Return the answer to a line that is not stored; `again`: it may be later."""
    fields = {"ok": False, "why": why[:1000], "hint": hint[:1000]}
    return _answer(fields | ({"again": True} if again else {}))


def _answer(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def _numbered(fields: Mapping[str, Any]) -> tuple[bytes, int]:
    if ("number" in fields) != ("epoch" in fields):
        raise CodecError("cannot read a line: number and epoch go together")
    if "number" not in fields:
        return b"", 0
    number = fields["number"]
    if type(number) is not int or not 1 <= number <= NUMBER_MAX:
        raise CodecError(f"cannot use number {str(number)[:40]}: it is a whole number from 1 on")
    return _hex(fields, "epoch", EPOCH_BYTES), number


def _time_ns(fields: Mapping[str, Any], default: int) -> int:
    """Return when it happened, by its sender: one that has waited in a file is older."""
    value = fields.get("time")
    if value is None:
        return default
    if type(value) not in (int, float) or not 0 <= value <= TIME_NS_MAX // 10**9:
        raise CodecError("cannot use time: it is a number of seconds since 1970")
    return int(value * 1e9)


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key, "")
    if type(value) is not str or len(value) > NAME_CHARS_MAX:
        raise CodecError(f"cannot use {key}: it is a text of {NAME_CHARS_MAX} characters at most")
    return value


def _hex(fields: Mapping[str, Any], key: str, size: int) -> bytes:
    text = fields.get(key)
    if text is None or text == "":
        return b""
    try:
        value = bytes.fromhex(text)
    except (TypeError, ValueError):
        value = b""
    if len(value) != size or len(text) != 2 * size:
        raise CodecError(f"cannot use {key}: it takes {2 * size} hexadecimal digits")
    return value


def _cause(fields: Mapping[str, Any]) -> bytes:
    text = fields.get("cause")
    if text is None or text == "":
        return b""
    if type(text) is not str:
        raise CodecError(f"cannot use cause: it is the id of an event, {2 * ID_BYTES} digits")
    return parse_id(text)


def _whole(fields: Mapping[str, Any], key: str, most: int) -> int | None:
    value = fields.get(key)
    if value is not None and (type(value) is not int or not 0 <= value <= most):
        raise CodecError(f"cannot use {key}: it is a whole number, not negative")
    return value


def _choice(
    fields: Mapping[str, Any], key: str, choices: type[Role] | type[Level], default: Any
) -> Any:
    value = fields.get(key)
    if value is None or value == "":
        return default
    names = {each.name.lower(): each for each in choices}
    if type(value) is not str or value not in names:
        raise CodecError(f"cannot use {key}: it is one of {', '.join(names)}")
    return names[value]
