"""The form of a write-ahead file: its bytes for good, and a torn or damaged end."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.ahead import HEADER_BYTES, Ahead, pack_entry, pack_header, parse_ahead
from Kernel.contract.envelope import RECORD_BYTES_MAX

EPOCH = b"12345678"
ENTRIES = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.binary(max_size=40)), max_size=6)


def whole(entries: list[tuple[int, bytes]]) -> bytes:
    """Return a file."""
    return pack_header(EPOCH) + b"".join(pack_entry(*each) for each in entries)


def test_a_file_has_these_bytes_for_good() -> None:
    """What an earlier version left behind stays readable."""
    text = "4d4f4c544148443131323334353637380700000000000000020000009e28e4266162"
    assert whole([(7, b"ab")]).hex() == text
    assert parse_ahead(bytes.fromhex(text)) == Ahead(EPOCH, ((7, b"ab"),), 34)


@given(ENTRIES)
def test_what_was_written_is_read(entries: list[tuple[int, bytes]]) -> None:
    """All of it, in order."""
    data = whole(entries)
    assert parse_ahead(data) == Ahead(EPOCH, tuple(entries), len(data))


@given(ENTRIES, st.integers(0, 400))
def test_a_torn_end_is_cut(entries: list[tuple[int, bytes]], length: int) -> None:
    """A write that a crash cut short: whole entries before it, and where they end."""
    data = whole(entries)
    torn = data[:length]
    found = parse_ahead(torn)
    if len(torn) < HEADER_BYTES:
        assert found == Ahead(b"", (), 0)
        return
    assert found.entries == tuple(entries[: len(found.entries)])
    assert found.whole_bytes == len(whole(entries[: len(found.entries)])) <= len(torn)
    rest = len(torn) - found.whole_bytes
    assert rest == 0 or len(found.entries) < len(entries)


@given(ENTRIES.filter(bool), st.data())
def test_a_flipped_bit_is_found(entries: list[tuple[int, bytes]], data: st.DataObject) -> None:
    """Nothing from the damage on is taken for sound."""
    sound = whole(entries)
    place = data.draw(st.integers(HEADER_BYTES, len(sound) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = bytearray(sound)
    damaged[place] ^= 1 << bit
    found = parse_ahead(bytes(damaged))
    assert found.whole_bytes <= place and found.entries == tuple(entries[: len(found.entries)])


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    """A file that is none has nothing in it; behind a header anything may come."""
    parse_ahead(data)
    found = parse_ahead(pack_header(EPOCH) + data)
    assert found.epoch == EPOCH and HEADER_BYTES <= found.whole_bytes <= HEADER_BYTES + len(data)


def test_a_length_that_nobody_writes_is_not_believed() -> None:
    """A huge length does not make the rest an entry."""
    entry = bytearray(pack_entry(1, b"x" * 10))
    entry[8:12] = (RECORD_BYTES_MAX + 1).to_bytes(4, "little")
    assert parse_ahead(pack_header(EPOCH) + bytes(entry) + b"x" * 100_000).entries == ()
