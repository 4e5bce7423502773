"""The messages of the user bus: their bytes for good, who may say what, hostile bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract import user_bus as bus
from Kernel.contract.envelope import RECORD_BYTES_MAX
from Kernel.contract.errors import CodecError
from Kernel.contract.user_bus import (
    Follow,
    Hello,
    Put,
    Records,
    Rejected,
    Standing,
    Stored,
    Welcome,
    endpoint_name,
    pack_message,
    parse_from_archive,
    parse_from_sender,
)

SENDER_ROWS = [
    (Hello(1, "agents", b"12345678", 1), "95a568656c6c6f01a66167656e7473c408313233343536373801"),
    (Put(7, [b"ab", b""]), "93a37075740792c4026162c400"),
    (Follow(1, 300), "93a6666f6c6c6f7701cd012c"),
]
ARCHIVE_ROWS = [
    (Welcome(0, 12), "93a777656c636f6d65000c"),
    (Stored(7, 9), "93a673746f7265640709"),
    (Rejected(3, "too large"), "93a872656a656374656403a9746f6f206c61726765"),
    (Standing("disk full", "df"), "93a87374616e64696e67a96469736b2066756c6ca26466"),
    (Records(9, [b"ab"]), "93a77265636f7264730991c4026162"),
]


@pytest.mark.parametrize(("message", "text"), SENDER_ROWS)
def test_what_a_sender_says_has_these_bytes(message, text: str) -> None:
    """Both sides may be of different versions: the form stays."""
    assert pack_message(message).hex() == text
    assert parse_from_sender(bytes.fromhex(text)) == message
    with pytest.raises(CodecError):
        parse_from_archive(bytes.fromhex(text))


@pytest.mark.parametrize(("message", "text"), ARCHIVE_ROWS)
def test_what_the_archive_says_has_these_bytes(message, text: str) -> None:
    """The same for answers; nobody may say what is the other's."""
    assert pack_message(message).hex() == text
    assert parse_from_archive(bytes.fromhex(text)) == message
    with pytest.raises(CodecError):
        parse_from_sender(bytes.fromhex(text))


@pytest.mark.parametrize(
    "message",
    [
        Hello(1, "", b"12345678", 1),
        Hello(1, "a" * 65, b"12345678", 1),
        Hello(1, "a", b"1234567", 1),
        Hello(1, "a", b"12345678", 0),
        Put(0, [b"a"]),
        Put(1, []),
        Put(1, [b""] * (bus.BATCH_MAX + 1)),
        Put(bus.NUMBER_MAX + 1, [b"a"]),
        Put(1, [b"x" * (RECORD_BYTES_MAX + 1)]),
        Follow(1, -1),
    ],
)
def test_a_field_out_of_range_is_refused(message) -> None:
    """By who reads it."""
    with pytest.raises(CodecError, match="cannot use a message of the bus"):
        parse_from_sender(pack_message(message))


def test_a_message_has_a_limit() -> None:
    """A socket's buffer takes it whole, and a full batch takes one record more."""
    with pytest.raises(CodecError, match="at most"):
        pack_message(Put(1, [b"x" * 60_000] * 3))
    full = Put(1, [b"x" * 1000] * (bus.BATCH_BYTES_MAX // 1008) + [b"x" * RECORD_BYTES_MAX])
    assert len(pack_message(full)) <= bus.MESSAGE_BYTES_MAX


def test_a_later_version_may_add_nothing_in_silence() -> None:
    """A field more is refused: the protocol's number is counted up instead."""
    with pytest.raises(CodecError):
        parse_from_archive(bytes.fromhex("94a673746f726564070901"))


def test_an_endpoint_has_a_name() -> None:
    """Told from the private bus's, whose names end in a number."""
    assert endpoint_name("agents") == "events-agents.sock"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    """From either side; what is read packs to what is read as the same."""
    for parse in (parse_from_sender, parse_from_archive):
        try:
            message = parse(data)
        except CodecError:
            continue
        assert parse(pack_message(message)) == message
