"""Spans as OTLP/JSON: one line is one export request, as the collector's file exporter writes them.

Owns: the form. Does not own: spans (`spans.py`), the file (`span_file.py`).
Source: opentelemetry.io/docs/specs/otlp, JSON Protobuf Encoding: ids as hexadecimal digits, 64-bit
numbers as text, enums as numbers.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from zones.ledger.exports.span_values import Value
from zones.ledger.exports.spans import Span

SERVICE: Final = "molt"
SCOPE: Final = "molt.ledger"
_INTERNAL: Final = 1
_ERROR: Final = 2
_ENCODE: Final = msgspec.json.Encoder().encode


def request_line(spans: Sequence[Span]) -> bytes:
    """Return spans as one line, without its end."""
    return _ENCODE(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": attributes({"service.name": SERVICE})},
                    "scopeSpans": [{"scope": {"name": SCOPE}, "spans": list(map(_span, spans))}],
                }
            ]
        }
    )


def _span(span: Span) -> dict[str, Any]:
    told: dict[str, Any] = {
        "traceId": span.trace.hex(),
        "spanId": span.span.hex(),
        "name": span.name,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": attributes(span.attributes),
        "events": [
            {
                "timeUnixNano": str(each.time_ns),
                "name": each.name,
                "attributes": attributes(each.attributes),
            }
            for each in span.happenings
        ],
        "status": {"code": _ERROR, "message": span.error} if span.error else {},
    }
    if span.parent:
        told["parentSpanId"] = span.parent.hex()
    return told


def attributes(values: Mapping[str, Value]) -> list[dict[str, Any]]:
    """Return attributes as OTLP says them."""
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if math.isfinite(value) else _WORDS[str(value)]}
    return {"arrayValue": {"values": [_value(each) for each in value]}}


_WORDS: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
