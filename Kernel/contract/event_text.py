"""An event as people and programs outside read it: one JSON object, the same everywhere.

Owns: its keys, and what stands for bytes. Does not own: the envelope (`envelope.py`), how a table
of events looks on a terminal.
"""

import base64
import json
import math
from datetime import UTC, datetime
from typing import Any, Final

from Kernel.contract.envelope import Envelope, Level, Role, id_text
from Kernel.contract.errors import CodecError

VERSION: Final = 1
DEPTH_MAX: Final = 64
"""Lists and maps nested in each other that are shown."""
TOO_DEEP: Final = "(nested too deep)"


def event_fields(position: int, envelope: Envelope) -> dict[str, Any]:
    """Return an event as plain data that JSON can say; see `SPEC.md` 9 for its keys."""
    return {
        "v": VERSION,
        "id": id_text(envelope.id),
        "position": position,
        "time": iso_time(envelope.time_ns / 1e9),
        "tick": envelope.tick,
        "zone": envelope.zone,
        "kind": envelope.kind,
        "level": level_word(envelope.level),
        "cause": id_text(envelope.cause) or None,
        "agent": envelope.agent or None,
        "role": role_word(envelope.role) or None,
        "trace": envelope.trace.hex() or None,
        "span": envelope.span.hex() or None,
        "payload": _payload(envelope),
    }


def event_line(position: int, envelope: Envelope) -> str:
    """Return an event as one line of JSON without its end.

    A number that is not finite is told as a text: JSON has no word for it.
    """
    return json_text(event_fields(position, envelope))


def payload_text(envelope: Envelope) -> str:
    """Return the payload alone, as JSON says it in a line."""
    return json_text(_payload(envelope))


def _payload(envelope: Envelope) -> Any:
    """Return the payload; one that cannot be read is told as such: the archive looks into none."""
    try:
        return plain(envelope.payload_fields())
    except CodecError as error:
        return {"unreadable": error.message, "$bytes": _base64(envelope.payload)}


def level_word(level: Level) -> str:
    """Return "info", "warning" or "error"."""
    return level.name.lower()


def role_word(role: Role) -> str:
    """Return a role in small letters, "" where it is unspecified."""
    return role.name.lower() if role else ""


def plain(value: Any, depth: int = DEPTH_MAX) -> Any:
    """Return plain data with {"$bytes": base64} for bytes.

    Args:
        depth: lists and maps that are nested deeper are told as TOO_DEEP: a sender that nests a
            thousand of them must not end who reads them.
    """
    if isinstance(value, bytes):
        return {"$bytes": _base64(value)}
    if isinstance(value, dict | list | tuple):
        if depth == 0:
            return TOO_DEEP
        if isinstance(value, dict):
            return {key: plain(inner, depth - 1) for key, inner in value.items()}
        return [plain(inner, depth - 1) for inner in value]
    return value


def json_text(fields: Any) -> str:
    """Return plain data as JSON in one line; a number that is not finite is told as a text."""
    try:
        return json.dumps(fields, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(fields), ensure_ascii=False, allow_nan=False)


def iso_time(time_s: float) -> str:
    """Return a date as ISO 8601 in UTC, to the millisecond."""
    try:
        date = datetime.fromtimestamp(time_s, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{time_s:.3f}"  # a clock that far off is told as it is
    return date.isoformat(timespec="milliseconds")[:-6] + "Z"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value
