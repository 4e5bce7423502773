"""Messages of the control road: what goes in comes out, everything else is refused."""

from datetime import UTC, datetime

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.codec import pack, unpack
from Kernel.contract.errors import CodecError
from Kernel.contract.messages import (
    COUNT_MAX,
    DEADLINE_S_MAX,
    DEGRADED_MAX,
    Degraded,
    Drain,
    Heartbeat,
    Hello,
    Message,
    Ready,
    Reply,
    Request,
    check_zone,
    pack_message,
    parse_message,
)
from tests.kernel.contract.test_codec import MAPS, PLAIN, TEXT

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FACTS = st.dictionaries(TEXT, DATA, max_size=3)
COUNTS = st.integers(0, COUNT_MAX)
ZONES = st.from_regex(r"[a-z0-9_-]{1,32}", fullmatch=True)
SECONDS = st.floats(0, DEADLINE_S_MAX) | st.integers(0, int(DEADLINE_S_MAX))
DEGRADED = st.lists(st.builds(Degraded, TEXT, TEXT, TEXT), max_size=DEGRADED_MAX).map(tuple)
REPLIES = st.builds(Reply, COUNTS, st.just(True), FACTS) | st.builds(
    Reply, COUNTS, st.just(False), FACTS, TEXT.filter(bool)
)
MESSAGES = st.one_of(
    st.builds(Hello, st.integers(1, 2**22), ZONES),
    st.builds(Ready, FACTS),
    st.builds(Heartbeat, COUNTS, COUNTS, DEGRADED),
    REPLIES,
    st.builds(Drain, SECONDS),
    st.builds(Request, COUNTS, TEXT, FACTS, SECONDS),
)


@settings(deadline=None)
@given(MESSAGES)
def test_round_trip(message: Message) -> None:
    """Every message in range arrives equal."""
    assert parse_message(pack_message(message)) == message


@settings(deadline=None)
@given(MESSAGES, st.data())
def test_one_change_is_refused_or_another_sound_message(
    message: Message, data: st.DataObject
) -> None:
    """A key missing, added or of any other value: refused, or a sound message."""
    fields = unpack(pack_message(message))
    key = data.draw(st.sampled_from([*fields, "pid", "extra"]))
    if data.draw(st.booleans()):
        fields.pop(key, None)
    else:
        fields[key] = data.draw(PLAIN)
    try:
        parsed = parse_message(pack(fields))
    except CodecError as error:
        assert str(error).startswith("cannot ")
    else:
        assert parse_message(pack_message(parsed)) == parsed


@settings(deadline=None)
@given(st.binary(max_size=100) | MAPS.map(pack))
def test_any_bytes_raise_one_error(data: bytes) -> None:
    """Hostile bytes never raise anything but CodecError."""
    with pytest.raises(CodecError, match=r"^cannot "):
        parse_message(data)


@pytest.mark.parametrize(
    "message",
    [
        Hello(0, "stable"),
        Hello(True, "stable"),
        Hello(5, "Stable"),
        Hello(5, "x" * 33),
        Hello(5, ""),
        Hello(5, "a/b"),
        Ready([]),  # type: ignore[arg-type]
        Heartbeat(-1, 0),
        Heartbeat(0, 2**63),
        Heartbeat(0, 0, (Degraded("a", "b"),) * (DEGRADED_MAX + 1)),
        Heartbeat(0, 0, (Degraded("a", "b" * 1001),)),
        Reply(1, True, {}, "why"),
        Reply(1, False),
        Reply(1, 1),  # type: ignore[arg-type]
        Reply(1, False, {}, "x" * 1001),
        Drain(-1),
        Drain(float("nan")),
        Drain(float("inf")),
        Drain(True),
        Request(1, "x" * 65, {}, 1),
        Request(1, "x", {"a": b"bytes"}, 1),
        Request(1, "x", {1: "a"}, 1),  # type: ignore[dict-item]
        Request(1, "x", {"a": [{None: "a"}]}, 1),
        Request(1, "x", {"a": [[[[[[[[1]]]]]]]]}, 1),
        Request(1, "x", {"a": datetime(2026, 1, 1, tzinfo=UTC)}, 1),
        Request(1, "x", {"a": msgspec.msgpack.Ext(5, b"a")}, 1),
        Request(1, "x", None, 1),  # type: ignore[arg-type]
    ],
)
def test_out_of_range_is_refused_on_both_sides(message: Message) -> None:
    """The sender refuses what the receiver would refuse."""
    with pytest.raises(CodecError, match=r"^cannot (use|encode) "):
        pack_message(message)
    with pytest.raises(CodecError, match=r"^cannot use "):
        parse_message(msgspec.msgpack.encode(message))


def test_deeply_nested_values_are_named_shortly() -> None:
    """The error about a hostile value shows a bounded part of it."""
    for key in ("pid", "zone", "kind"):
        fields = {"kind": "hello", "pid": 1, "zone": "stable"}
        data = msgpack.packb({**fields, key: None})
        at = data.rindex(b"\xc0")
        data = data[:at] + b"\x91" * 500 + b"\xc0" + data[at + 1 :]
        with pytest.raises(CodecError) as caught:
            parse_message(data)
        assert len(str(caught.value)) < 300
    deepest = Request(1, "x", {"a": [[[[[[[1]]]]]]]}, 1)
    assert parse_message(pack_message(deepest)) == deepest
    with pytest.raises(CodecError, match="cannot encode ready"):
        pack_message(Ready({"x": "\ud800"}))
    with pytest.raises(CodecError, match="cannot encode ready"):
        pack_message(Ready({"x": object()}))
    with pytest.raises(CodecError, match="the limit is 65536"):
        pack_message(Ready({"x": "x" * 70_000}))


def test_heartbeat_stays_small() -> None:
    """A heartbeat without trouble is three keys: it is sent four times a second for ever."""
    data = pack_message(Heartbeat(10**6, 10**15))
    assert unpack(data) == {"kind": "heartbeat", "progress": 10**6, "monotonic_ns": 10**15}
    assert len(data) < 64


@pytest.mark.parametrize("zone", ["", "..", "a b", "é", 5, None, "x" * 33, "a\n"])
def test_zone_names(zone: object) -> None:
    """A zone name can be part of a file name."""
    with pytest.raises(CodecError, match="cannot use the zone name"):
        check_zone(zone)
