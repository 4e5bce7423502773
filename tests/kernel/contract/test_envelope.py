"""An event as it is stored: its bytes for good, its limits, its ids."""

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.envelope import (
    KIND_CHARS_MAX,
    NAME_CHARS_MAX,
    PAYLOAD_BYTES_MAX,
    RECORD_BYTES_MAX,
    TICK_MAX,
    TIME_NS_MAX,
    Envelope,
    Level,
    Role,
    arena_event_id,
    id_text,
    new_id,
    pack_envelope,
    parse_envelope,
    parse_id,
)
from Kernel.contract.errors import CodecError

ID = bytes(range(16))
WHOLE = Envelope(
    id=ID,
    time_ns=1_700_000_000_000_000_000,
    tick=184_402,
    zone="stable",
    kind="zone.died",
    version=1,
    level=Level.WARNING,
    payload=b"\x81\xa3pid\x07",
    cause=ID[::-1],
    role=Role.PATCHER,
    agent="arthur",
    trace=ID,
    span=b"12345678",
)
BARE = Envelope(ID, 0, None, "a", "b", 0, Level.INFO, b"\x80")
GOLDEN = {
    "whole": (
        WHOLE,
        "9dc410000102030405060708090a0b0c0d0e0fcf17979cfe362a0000ce0002d052a6737461626c65"
        "a97a6f6e652e646965640101c40681a370696407c4100f0e0d0c0b0a09080706050403020100"
        "07a6617274687572c410000102030405060708090a0b0c0d0e0fc4083132333435363738",
    ),
    "bare": (BARE, "9dc410000102030405060708090a0b0c0d0e0f00c0a161a1620000c40180c40000a0c400c400"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_record_has_these_bytes_for_good(name: str) -> None:
    """The ledger chains them: another form would be another event."""
    envelope, text = GOLDEN[name]
    assert pack_envelope(envelope).hex() == text
    assert parse_envelope(bytes.fromhex(text)) == envelope


def test_what_is_left_out_at_the_end_is_none() -> None:
    """A record that ends before its last fields is read with their defaults."""
    short = msgspec.msgpack.encode([ID, 0, None, "a", "b", 0, 0, b"\x80"])
    assert parse_envelope(short) == BARE
    assert parse_envelope(memoryview(short)) == BARE


BAD = {
    "id": [b"", b"short", b"x" * 17, "text", None],
    "time_ns": [-1, TIME_NS_MAX + 1, 1.5, None],
    "tick": [-1, TICK_MAX + 1, "1"],
    "zone": ["", "a" * (NAME_CHARS_MAX + 1), 1],
    "kind": ["", "a" * (KIND_CHARS_MAX + 1), None],
    "version": [-1, 65536],
    "level": [3, -1, "info"],
    "payload": ["text", b"x" * (PAYLOAD_BYTES_MAX + 1)],
    "cause": [b"x", b"x" * 15, b"x" * 17],
    "role": [9, -1],
    "agent": ["a" * (NAME_CHARS_MAX + 1), None],
    "trace": [b"x", b"x" * 17],
    "span": [b"x", b"x" * 9],
}


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in BAD.items() for v in values])
def test_a_field_out_of_range_is_refused_on_both_sides(field: str, value: object) -> None:
    """Before a record is stored and after it is read."""
    wrong = msgspec.structs.replace(WHOLE, **{field: value})
    with pytest.raises(CodecError, match=r"^cannot "):
        pack_envelope(wrong)
    with pytest.raises(CodecError, match=r"^cannot "):
        parse_envelope(msgspec.msgpack.encode(wrong))


def test_the_largest_record_fits() -> None:
    """Every field at its limit, four-byte characters in the names: still under the limit."""
    largest = msgspec.structs.replace(
        WHOLE,
        zone="\U0001f300" * NAME_CHARS_MAX,
        kind="\U0001f300" * KIND_CHARS_MAX,
        agent="\U0001f300" * NAME_CHARS_MAX,
        payload=b"x" * PAYLOAD_BYTES_MAX,
        tick=TICK_MAX,
        time_ns=TIME_NS_MAX,
        version=65535,
    )
    assert len(pack_envelope(largest)) <= RECORD_BYTES_MAX
    with pytest.raises(CodecError, match=f"{RECORD_BYTES_MAX} at most"):
        parse_envelope(b"x" * (RECORD_BYTES_MAX + 1))


def test_more_fields_are_refused() -> None:
    """A record of a later form is not read as one of this form."""
    with pytest.raises(CodecError):
        parse_envelope(msgspec.msgpack.encode([*msgspec.structs.astuple(WHOLE), 1]))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_refused(data: bytes) -> None:
    """What is read packs to a record that is read as the same."""
    try:
        envelope = parse_envelope(data)
    except CodecError:
        return
    assert parse_envelope(pack_envelope(envelope)) == envelope


@given(st.integers(0, 199), st.integers(0, 255))
def test_a_changed_byte_never_crashes(place: int, value: int) -> None:
    """Damage is told as such, or is another event; nothing else is raised."""
    record = bytearray(pack_envelope(WHOLE))
    record[place % len(record)] = value
    try:
        parse_envelope(bytes(record)).payload_fields()
    except CodecError:
        pass


@given(st.integers(0, TIME_NS_MAX), st.binary(min_size=10, max_size=10))
def test_a_new_id_is_a_uuid_of_its_time(time_ns: int, entropy: bytes) -> None:
    """Version 7: the time in milliseconds first, so that ids sort by it."""
    made = uuid.UUID(bytes=new_id(time_ns, entropy))
    assert made.version == 7 and made.variant == uuid.RFC_4122
    assert made.int >> 80 == (time_ns // 1_000_000) % 2**48
    assert parse_id(str(made)) == made.bytes and id_text(made.bytes) == str(made)


@given(st.binary(min_size=16, max_size=16), st.integers(0, 2**63))
def test_an_arena_gives_its_event_the_same_id_again(arena: bytes, sequence: int) -> None:
    """Version 8, made of arena and sequence alone; another sequence has another id."""
    made = uuid.UUID(bytes=arena_event_id(arena, sequence))
    assert made.version == 8 and made.variant == uuid.RFC_4122
    assert arena_event_id(arena, sequence) == made.bytes
    assert arena_event_id(arena, sequence + 1) != made.bytes


def test_ids_as_text() -> None:
    """Hyphens and case do not matter; what is none is refused; none is nothing."""
    assert id_text(b"") == "" and id_text(ID) == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert parse_id("000102030405060708090A0B0C0D0E0F") == ID
    for text in ("", "0", "g" * 32, "00" * 15, "00" * 17, "0" * 31 + " "):
        with pytest.raises(CodecError, match="32 hexadecimal digits"):
            parse_id(text)


def test_a_payload_that_is_no_map_is_told() -> None:
    """The archive does not look inside: who reads it is told."""
    with pytest.raises(CodecError):
        msgspec.structs.replace(WHOLE, payload=b"\x01").payload_fields()
    assert WHOLE.payload_fields() == {"pid": 7}
