"""What must hold of events as columns: the values people know from `molt events`."""

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, pack_envelope
from Kernel.contract.event_text import event_fields, payload_text
from tests.zones.ledger.exports.samples import PLAIN, samples
from tests.zones.ledger.exports.small_ledger import many
from zones.ledger.exports import event_columns
from zones.ledger.exports.event_columns import (
    COLUMNS,
    NO_TICK,
    batches,
    columns_of,
    payload_json,
    rows_of,
)


def with_payload(payload: bytes) -> Envelope:
    return Envelope(b"i" * 16, 1, None, "scribe", "a.b", 0, Level.INFO, payload)


class TestPayloadJson:
    @pytest.mark.slow
    @given(fields=st.dictionaries(st.text(max_size=8), PLAIN, max_size=4))
    def test_short_way_says_what_the_long_one_says(self, fields: dict[str, Any]) -> None:
        """Bytes, numbers that are none, deep lists: the same value, whichever way it went."""
        event = with_payload(pack(fields))
        assert json.loads(payload_json(event)) == json.loads(payload_text(event))

    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"\xc1",
            b"\x81\x01\x01",
            msgpack.packb({"a": {1: 2}}),
            msgpack.packb({"a": msgpack.Timestamp(1, 2)}),
            msgpack.packb({"a": [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}),
            msgpack.packb({"a": 2**64 - 1, "b": -(2**63)}),
            msgpack.packb({"a": "\ud7ff\u0000\x1b"}),
        ],
    )
    def test_odd_payloads_are_told_as_everywhere(self, payload: bytes) -> None:
        """What cannot be read is said to be unreadable, with its bytes."""
        event = with_payload(payload)
        assert json.loads(payload_json(event)) == json.loads(payload_text(event))


def test_columns_are_the_fields_of_an_event() -> None:
    """Names and values are those of the JSON of an event; the time has all its microseconds."""
    rows = list(enumerate(samples(), 1))
    columns = columns_of(rows)
    assert list(columns) == list(COLUMNS)
    for place, (position, envelope) in enumerate(rows):
        fields = event_fields(position, envelope)
        for name in set(COLUMNS) - {"time", "tick", "payload"}:
            assert columns[name][place] == fields[name], name
        assert columns["tick"][place] == (NO_TICK if envelope.tick is None else envelope.tick)
        assert columns["time"][place].astype(int) == envelope.time_ns // 1000
        assert json.loads(columns["payload"][place]) == json.loads(payload_text(envelope))


def test_batch_ends_at_its_number_and_at_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by both: many small events, few large ones."""
    monkeypatch.setattr(event_columns, "ROWS_A_BATCH", 4)
    rows = list(enumerate(many(10), 1))
    assert [len(batch) for batch in batches(rows)] == [4, 4, 2]
    monkeypatch.setattr(event_columns, "BATCH_BYTES", 40)
    assert [len(batch) for batch in batches(rows)] == [3, 3, 3, 1]
    assert list(batches([])) == []


def test_damaged_record_becomes_an_event_that_says_so() -> None:
    """Reading goes on behind it."""
    good = pack_envelope(samples()[0])
    rows = list(rows_of([(1, good), (2, b"\xc1"), (3, good)]))
    assert [envelope.kind for _, envelope in rows] == [
        "agent.decided",
        "archive.damaged",
        "agent.decided",
    ]
