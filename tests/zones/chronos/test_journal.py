"""Lines of the journal, and where reading goes on after any restart."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.contract.test_codec import MAPS
from zones.chronos.journal import Tail, decide_start, encode_line, gap_event, parse_tail
from zones.chronos.outbox_reader import GAP, REFUSED, Event, Place

ARENA = "a" * 32
RING = 1024
NOW_S = 1_700_000_000.1239


@settings(deadline=None)
@given(MAPS, st.integers(0, 2**63), st.integers(0, 2**63), st.integers(0, 2**63))
def test_line_round_trip(payload: dict[str, Any], position: int, sequence: int, at: int) -> None:
    """Any event becomes one line of JSON without line ends, and its tail is found again."""
    line = encode_line(position, ARENA, Event(sequence, at, 7, "telemetry", payload), NOW_S)
    assert b"\n" not in line
    fields = json.loads(line)
    keys = ["position", "arena", "sequence", "offset", "time", "tick", "kind", "payload"]
    assert list(fields) == keys and fields["time"] == 1_700_000_000.124
    assert parse_tail(line, ARENA) == Tail(position, Place(sequence + 1, at))
    assert parse_tail(line[:-1], ARENA) is None
    assert parse_tail(line, "b" * 32) is None


def test_form_of_a_line_is_fixed() -> None:
    """The reader of recorded inputs finds what it needs where other builds wrote it."""
    payload = {
        "kind": "input.applied",
        "tick": 41,
        "sequence": 2,
        "input": {"kind": "world.set_param", "at_tick": 40, "param": "friction", "value": 0.1},
    }
    line = encode_line(9, ARENA, Event(17, 4096, 41, "input.applied", payload), NOW_S)
    assert line.decode() == (
        '{"position":9,"arena":"'
        + ARENA
        + '","sequence":17,"offset":4096,"time":1700000000.124,"tick":41,'
        '"kind":"input.applied","payload":{"kind":"input.applied","tick":41,"sequence":2,'
        '"input":{"kind":"world.set_param","at_tick":40,"param":"friction","value":0.1}}}'
    )


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        ({"x": float("nan")}, "Out of range float values"),
        ({"x": float("inf")}, "Out of range float values"),
        ({"x": object()}, "object is not plain data"),
    ],
)
def test_what_json_cannot_say_is_told_of(payload: dict[str, Any], part: str) -> None:
    """An event JSON has no word for is stored as refused, under its own number."""
    line = encode_line(0, ARENA, Event(5, 64, 3, "telemetry", payload), NOW_S)
    fields = json.loads(line)
    assert (fields["kind"], fields["sequence"], fields["tick"]) == (REFUSED, 5, 3)
    assert part in fields["payload"]["why"]


def test_deep_and_binary_payloads() -> None:
    """Data nested beyond JSON's depth is told of; bytes are written as base64."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert (
        json.loads(encode_line(0, ARENA, Event(0, 0, 0, "k", {"x": deep}), NOW_S))["kind"]
        == REFUSED
    )
    fields = json.loads(encode_line(0, ARENA, Event(0, 0, 0, "k", {"x": b"\0\xff"}), NOW_S))
    assert fields["payload"] == {"x": {"$bytes": "AP8="}}
    while deep:  # freed level by level: the interpreter would recurse
        deep = deep[0]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"5",
        b"[]",
        b"{}",
        b'{"position":-1,"arena":"' + ARENA.encode() + b'","sequence":0,"offset":0,"payload":0}',
        b'{"position":0,"arena":"' + ARENA.encode() + b'","sequence":true,"offset":0,"payload":0}',
        b'{"position":0,"arena":"' + ARENA.encode() + b'","sequence":0,"offset":0}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_line(line: bytes) -> None:
    """Noise at the end of a journal is never taken for its last line."""
    assert parse_tail(line, ARENA) is None


NOWHERE = Place(0, 0)


@pytest.mark.parametrize(
    ("tail", "acknowledged", "committed", "first", "place", "lost"),
    [
        # the journal goes on, whatever the side mapping says
        (Tail(4, Place(7, 500)), NOWHERE, Place(9, 600), 0, Place(7, 500), None),
        (Tail(4, Place(7, 500)), Place(3, 100), Place(9, 600), 0, Place(7, 500), None),
        (Tail(4, Place(9, 600)), Place(9, 600), Place(9, 600), None, Place(9, 600), None),
        # a ring that was overwritten, or another one
        (Tail(4, Place(7, 500)), NOWHERE, Place(99, 5000), None, Place(99, 5000), 7),
        (Tail(4, Place(7, 500)), NOWHERE, Place(3, 100), 0, Place(3, 100), 7),
        # no journal: a new world, a restored one, one whose journal was deleted
        (None, NOWHERE, Place(0, 0), None, Place(0, 0), None),
        (None, NOWHERE, Place(41, 0), None, Place(41, 0), None),
        (None, NOWHERE, Place(45, 300), 41, Place(41, 0), None),
        (None, Place(44, 200), Place(45, 300), 41, Place(41, 0), None),
        (None, Place(90, 4900), Place(99, 5000), None, Place(90, 4900), None),
        # no journal, and the ring has gone round
        (None, NOWHERE, Place(99, 5000), 3, Place(99, 5000), 0),
        (None, Place(200, 9000), Place(99, 5000), None, Place(99, 5000), 0),
        (None, NOWHERE, Place(45, 300), None, Place(45, 300), 0),
        (None, NOWHERE, Place(45, 300), 46, Place(45, 300), 0),
    ],
)
def test_start(
    tail: Tail | None,
    acknowledged: Place,
    committed: Place,
    first: int | None,
    place: Place,
    lost: int | None,
) -> None:
    """Reading goes on where storing ended; where that is unknown, the gap is told of."""
    start = decide_start(tail, acknowledged, committed, RING, first)
    assert start.place == place
    if lost is None:
        assert start.gap is None
    else:
        assert start.gap is not None
        assert start.gap.kind == GAP
        assert start.gap.payload["from_sequence"] == lost
        assert start.gap.payload["to_sequence"] == committed.sequence - 1


def test_gap_line_leads_on() -> None:
    """After a gap the journal's tail says the place behind it."""
    line = encode_line(3, ARENA, gap_event(5, Place(9, 640), 12, "cannot read entry 5"), NOW_S)
    assert parse_tail(line, ARENA) == Tail(3, Place(9, 640))
