"""The codec: plain data goes through unchanged, everything else is refused."""

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.codec import MESSAGE_BYTES_MAX, pack, unpack
from Kernel.contract.errors import CodecError

TEXT = st.text(max_size=8).filter(lambda text: text.isprintable())
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    TEXT,
    st.binary(max_size=8),
)
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
MAPS = st.dictionaries(TEXT, PLAIN, max_size=4)


@settings(deadline=None)
@given(MAPS)
def test_plain_data_goes_through(value: dict[str, object]) -> None:
    """What was packed comes back equal, from bytes and from a view of them."""
    data = pack(value)
    assert unpack(data) == value
    assert unpack(memoryview(data)) == value


@settings(deadline=None)
@given(st.binary(max_size=200) | MAPS.map(lambda value: pack(value)[:-1]))
def test_any_bytes_give_a_map_or_one_error(data: bytes) -> None:
    """Whatever arrives is a map with text keys at every depth, or CodecError."""
    try:
        value = unpack(data)
    except CodecError as error:
        assert str(error).startswith("cannot ")
    else:
        assert pack(value)


@pytest.mark.parametrize(
    "value",
    [
        {"x": object()},
        {"x": {1, 2}},
        {"x": 2**64},
        {"x": "\ud800"},
        {1: 2},
        {"x": {1: 2}},
        {"x": [{b"y": 2}]},
        {"x": ({None: 2},)},
        {"x": [[[{1.5: 2}]]]},
    ],
)
def test_what_the_other_side_would_refuse_is_not_sent(value: dict[str, object]) -> None:
    """Types and keys that cannot arrive are refused by the sender."""
    with pytest.raises(CodecError, match="cannot encode"):
        pack(value)


@pytest.mark.parametrize(
    "data",
    [
        msgpack.packb({1: 2}),
        msgpack.packb({"x": {b"y": 2}}),
        msgpack.packb({"x": [{b"y": 2}]}),
        msgpack.packb({"x": msgpack.ExtType(5, b"abc")}),
        msgpack.packb([1, 2]),
        msgpack.packb("text"),
        b"\x81\xa1\xff\x01",
        b"",
        b"\xc1",
        msgpack.packb({"x": 1}) + b"\x00",
        b"\x81\xa1x" + b"\x91" * 5000 + b"\x00",
        b"\x81\xa1x\xdd\xff\xff\xff\xff",
    ],
)
def test_foreign_bytes_are_refused(data: bytes) -> None:
    """Other keys, extension types, other shapes, bad UTF-8, rests and bombs are refused."""
    with pytest.raises(CodecError, match=r"cannot (decode|use)"):
        unpack(data)


def test_timestamps_arrive_as_seconds() -> None:
    """The one extension type of MessagePack itself becomes a number: no foreign object passes."""
    assert unpack(msgpack.packb({"at": msgpack.Timestamp(5, 500_000_000)})) == {"at": 5.5}


def test_deep_nesting_raises_one_error() -> None:
    """Data nested too deep is refused on both sides and never overflows the stack."""
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(CodecError):
        pack({"x": deep})


def test_size_is_limited_on_both_sides() -> None:
    """The limit holds for sending and for reading, at exactly that many bytes."""
    fits = {"x": b"\0" * (MESSAGE_BYTES_MAX - 6)}
    assert len(pack(fits)) == MESSAGE_BYTES_MAX
    assert unpack(pack(fits)) == fits
    with pytest.raises(CodecError, match=r"cannot send a message of 65537 bytes: the limit"):
        pack({"x": fits["x"] + b"\0"})
    with pytest.raises(CodecError, match=r"cannot read a message of 100 bytes: the limit is 99"):
        unpack(b"\0" * 100, 99)
