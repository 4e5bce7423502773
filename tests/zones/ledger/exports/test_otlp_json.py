"""What must hold of spans as lines: they are OTLP/JSON as OpenTelemetry's own code reads it."""

import base64
import json
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from zones.ledger.exports.otlp_json import request_line
from zones.ledger.exports.spans import Happening, Span

WHOLE = Span(
    bytes(range(16)),
    bytes(range(8)),
    b"p" * 8,
    "agent_execution_cycle",
    1_790_000_000_123_456_789,
    1_790_000_001_123_456_789,
    {
        "agent.id": "coder-1",
        "molt.position": 2**62,
        "molt.payload.over": True,
        "molt.payload.share": 0.5,
        "odd": float("inf"),
    },
    [Happening("decision_made", 1_790_000_000_123_456_790, {"options_considered": ["a", "ü"]})],
    "it failed",
)
PLAIN = Span(b"t" * 16, b"s" * 8, b"", "zone.died", 1, 2, {})


def parsed(line: bytes) -> ExportTraceServiceRequest:
    """Read a line as the protobuf it stands for: only ids are written otherwise in OTLP/JSON."""
    told = json.loads(line)
    for span in told["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for key in {"traceId", "spanId", "parentSpanId"} & set(span):
            span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    request: Any = json_format.ParseDict(told, ExportTraceServiceRequest())
    return request


def test_line_is_an_export_request() -> None:
    """Every field of ours is where OpenTelemetry's messages have it; none is unknown to them."""
    (resource,) = parsed(request_line([WHOLE, PLAIN])).resource_spans
    assert resource.resource.attributes[0].value.string_value == "molt"
    whole, plain = resource.scope_spans[0].spans
    assert (whole.trace_id, whole.span_id, whole.parent_span_id) == (
        WHOLE.trace,
        WHOLE.span,
        WHOLE.parent,
    )
    assert (whole.start_time_unix_nano, whole.end_time_unix_nano) == (WHOLE.start_ns, WHOLE.end_ns)
    values = {each.key: each.value for each in whole.attributes}
    assert values["molt.position"].int_value == 2**62
    assert values["molt.payload.over"].bool_value is True
    assert values["molt.payload.share"].double_value == 0.5
    assert values["odd"].double_value == float("inf")
    assert whole.events[0].time_unix_nano == WHOLE.happenings[0].time_ns
    texts = whole.events[0].attributes[0].value.array_value.values
    assert [each.string_value for each in texts] == ["a", "ü"]
    assert (whole.status.code, whole.status.message) == (2, "it failed")
    assert (plain.parent_span_id, plain.status.code, plain.kind) == (b"", 0, 1)


def test_it_is_one_line() -> None:
    """Whatever is in a text."""
    odd = Span(b"t" * 16, b"s" * 8, b"", "a\nb", 1, 2, {"k": "x\r\ny\u2028"})
    assert b"\n" not in request_line([odd]) and b"\r" not in request_line([odd])
