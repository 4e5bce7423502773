"""A journal of JSON lines as archives of an older version wrote it.

Owns: the form of its lines, for tests of who still reads them. Does not own: anything that runs.
"""

import base64
import json
from typing import Any

from zones.ledger.outbox_reader import Event


def encode_line(position: int, arena: str, event: Event, time_s: float) -> bytes:
    """Return one line without its end. Bytes become {"$bytes": base64}."""
    return _dump(position, arena, event, time_s)


def parse_tail(line: bytes, arena: str) -> bool | None:
    """Return whether a line is a whole one of this arena, None when it is not."""
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return True if fields["arena"] == arena and "payload" in fields else None


def _dump(position: int, arena: str, event: Event, time_s: float) -> bytes:
    fields = {
        "position": position,
        "arena": arena,
        "sequence": event.sequence,
        "offset": event.next_offset,
        "time": round(time_s, 3),
        "tick": event.tick,
        "kind": event.kind,
        "payload": event.payload,
    }
    text = json.dumps(fields, separators=(",", ":"), allow_nan=False, default=_plain)
    return text.encode()


def _plain(value: object) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} is not plain data")
