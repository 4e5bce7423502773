"""The arena's fixed offsets, its words, and the check that keeps a hostile header harmless."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import (
    HEADER_BYTES,
    INBOX_WINDOW,
    MAGIC,
    NEVER,
    PAGE_BYTES,
    PARAMETERS_MAX,
    SCHEMA_BYTES_MAX,
    STATE_BYTES,
    TICK_TIMES,
    ArenaWords,
    Header,
    Side,
    State,
    check_arena,
    new_header,
    plan_buffers,
)
from Kernel.contract.errors import ArenaError

SCHEMA = b'{"columns": []}'
COLUMNS_BYTES = 10_000


def found(tick: int = 0) -> ArenaWords:
    """Return a small arena with `tick` committed."""
    buffers = plan_buffers(len(SCHEMA), COLUMNS_BYTES)
    words = ArenaWords(memoryview(bytearray(buffers.file_bytes)))
    new_header(words, buffers)
    words.put_bytes(HEADER_BYTES, SCHEMA)
    words.put_state(tick, State.TICK, tick)
    words.put(Header.COMMIT, tick)
    return words


def test_layout_has_no_overlap() -> None:
    """Parts of a file are whole pages, in order, and end with the file."""
    for schema_bytes in (0, 1, 4096, 4097, SCHEMA_BYTES_MAX):
        b = plan_buffers(schema_bytes, 1)
        ends = [HEADER_BYTES + schema_bytes, b.inbox_offset, b.inbox_offset + b.inbox_bytes]
        assert ends[0] <= ends[1]
        assert b.outbox_offset == ends[2]
        assert b.buffer_0 == b.outbox_offset + b.outbox_bytes
        assert b.buffer_1 == b.buffer_0 + b.buffer_bytes
        assert b.file_bytes == b.buffer_1 + b.buffer_bytes
        assert b.buffer_bytes >= STATE_BYTES + 1
        offsets = (b.inbox_offset, b.outbox_offset, b.buffer_0, b.buffer_1, b.file_bytes)
        assert all(offset % PAGE_BYTES == 0 for offset in offsets)


def _places(names: type, long: dict[str, int], leave_out: tuple[str, ...] = ()) -> list[range]:
    return [
        range(offset, offset + long.get(name, 8))
        for name, offset in vars(names).items()
        if name.isupper() and name not in leave_out
    ]


@pytest.mark.parametrize(
    ("names", "long", "leave_out", "limit"),
    [
        (
            Header,
            {
                "ARENA_ID": 16,
                "SCHEMA_HASH": 32,
                "BUILD": 32,
                "CPU": 64,
                "HASH": 32,
                "TICK_TIMES": 4 * TICK_TIMES,
            },
            (),
            HEADER_BYTES,
        ),
        (
            State,
            {
                "INBOX_APPLIED": INBOX_WINDOW // 8,
                "PARAMETERS": 8 * PARAMETERS_MAX,
                "APPLIED_AT": 8 * INBOX_WINDOW,
            },
            (),
            STATE_BYTES,
        ),
        (Side, {}, ("BYTES", "DRILL_HANG"), Side.BYTES),
    ],
)
def test_words_do_not_overlap(
    names: type, long: dict[str, int], leave_out: tuple[str, ...], limit: int
) -> None:
    """Every name owns its bytes alone, aligned to 8, inside its block."""
    places = sorted(_places(names, long, leave_out), key=lambda place: place.start)
    for place, following in pairwise(places):
        assert place.stop <= following.start
    assert all(place.start % 8 == 0 and place.stop <= limit for place in places)


def test_magic_and_words_are_little_endian() -> None:
    """The first bytes of a file name it, and a word is a little-endian u64."""
    words = found(3)
    assert bytes(words.memory[:8]) == b"MOLTARN1"
    words.put(Header.SEED, 0x0102030405060708)
    assert words.get_bytes(Header.SEED, 8) == bytes(range(8, 0, -1))
    assert words.get(Header.DRAIN_AT) == NEVER
    assert struct.unpack_from("<Q", words.memory, Header.COMMIT) == (3,)


@pytest.mark.parametrize("tick", [0, 1, 2, 7])
def test_buffer_follows_parity(tick: int) -> None:
    """Tick T lives in buffer T & 1, so T and T + 1 never share one."""
    words = found(tick)
    buffers = check_arena(words, "test")
    assert words.buffer_offset(tick) == (buffers.buffer_0, buffers.buffer_1)[tick & 1]
    words.put_state(tick, State.POPULATION, 5)
    assert (words.state(tick, State.POPULATION), words.state(tick + 1, State.POPULATION)) == (5, 0)
    struct.pack_into("<d", words.memory, words.buffer_offset(tick) + State.PARAMETERS + 24, 0.5)
    assert words.parameter(tick, 3) == 0.5
    assert words.schema() == SCHEMA
    assert len(words.inbox()) == buffers.inbox_bytes
    assert len(words.outbox()) == buffers.outbox_bytes


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (Header.MAGIC, MAGIC + 1),
        (Header.VERSION, 2),
        (Header.FILE_BYTES, 1),
        (Header.SCHEMA_BYTES, NEVER),
        (Header.INBOX_OFFSET, 0),
        (Header.INBOX_BYTES, 0),
        (Header.OUTBOX_OFFSET, NEVER),
        (Header.OUTBOX_BYTES, 8),
        (Header.BUFFER_0, NEVER - 7),
        (Header.BUFFER_1, 0),
        (Header.BUFFER_BYTES, 0),
        (Header.BUFFER_BYTES, NEVER),
        (Header.COMMIT, 4),
    ],
)
def test_damaged_header_is_refused(offset: int, value: int) -> None:
    """One wrong word in what describes the file is seen, and named with the path."""
    words = found(2)
    words.put(offset, value)
    with pytest.raises(ArenaError, match="cannot use /dev/shm/x"):
        check_arena(words, "/dev/shm/x")
    assert words.layout is None


def test_a_world_that_ticks_meanwhile_is_not_taken_for_damaged() -> None:
    """A buffer that belongs to a later tick by the time it is looked at: both are read again."""
    words = found(2)

    class Ticking(ArenaWords):
        def state(self, tick: int, offset: int) -> int:
            if tick == 2 and offset == State.TICK:  # ticks 3 and 4 are committed, 4 in its buffer
                self.put_state(3, State.TICK, 3)
                self.put_state(4, State.TICK, 4)
                self.put(Header.COMMIT, 4)
            return super().state(tick, offset)

    ticking = Ticking(words.memory)
    check_arena(ticking, "test")
    assert (ticking.get(Header.COMMIT), ticking.layout is not None) == (4, True)


@pytest.mark.parametrize("size", [0, 7, 8, 4095, 4096, 5000])
def test_short_files_are_refused(size: int) -> None:
    """A file of any size that is no arena is refused, an arena cut off too."""
    with pytest.raises(ArenaError, match="cannot use"):
        check_arena(ArenaWords(memoryview(bytearray(size))), "x")
    cut = bytes(found().memory[:-PAGE_BYTES])
    with pytest.raises(ArenaError, match="cannot use"):
        check_arena(ArenaWords(memoryview(cut)), "x")


@settings(deadline=None, max_examples=50)
@given(st.binary(min_size=512, max_size=512), st.integers(0, 2**64 - 1))
def test_checked_arena_survives_its_own_header(garbage: bytes, number: int) -> None:
    """After the check a world that overwrites its header cannot make a reader leave the file."""
    words = found(6)
    words.put_state(6, State.POPULATION, 77)
    layout = check_arena(words, "x")
    words.put_bytes(0, garbage)
    assert words.state(6, State.POPULATION) == 77
    assert words.schema() == SCHEMA
    assert (len(words.inbox()), len(words.outbox())) == (layout.inbox_bytes, layout.outbox_bytes)
    words.put_state(6, State.INBOX_CURSOR, number)
    words.input_applied_at(6, number ^ 1)
    words.state(number, State.TICK)


class Inbox:
    """What a world does to the cursor, the bits and the ticks; `applied` is the model."""

    def __init__(self) -> None:
        self.words = found()
        self.applied: dict[int, int] = {}
        self.cursor = 0

    def apply(self, sequence: int, tick: int) -> None:
        """Apply one input of the window and let the cursor pass what is done."""
        self.applied[sequence] = tick
        slot = sequence % INBOX_WINDOW
        self.words.put_state(0, State.APPLIED_AT + 8 * slot, tick)
        self._bit(slot, True)
        while self.cursor in self.applied:
            self._bit(self.cursor % INBOX_WINDOW, False)
            self.cursor += 1
        self.words.put_state(0, State.INBOX_CURSOR, self.cursor)

    def _bit(self, slot: int, on: bool) -> None:
        place = State.INBOX_APPLIED + (slot >> 6) * 8
        word = self.words.state(0, place) & ~(1 << (slot & 63))
        self.words.put_state(0, place, word | on << (slot & 63))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, INBOX_WINDOW - 1), max_size=600))
def test_input_applied_at_never_lies(ahead: list[int]) -> None:
    """Inputs applied out of order: the answer never wrong, and known past the cursor."""
    inbox = Inbox()
    for tick, step in enumerate(ahead):
        if inbox.cursor + step not in inbox.applied:
            inbox.apply(inbox.cursor + step, tick + 1)
    for sequence in range(max(0, inbox.cursor - 2 * INBOX_WINDOW), inbox.cursor + INBOX_WINDOW + 9):
        answer = inbox.words.input_applied_at(0, sequence)
        assert answer in (None, inbox.applied.get(sequence))
        if sequence >= inbox.cursor:
            assert answer == inbox.applied.get(sequence)


def test_input_applied_in_order_is_known() -> None:
    """Without anything out of order the last INBOX_WINDOW - 1 inputs are all known."""
    inbox = Inbox()
    for sequence in range(1000):
        inbox.apply(sequence, sequence + 1)
    known = [inbox.words.input_applied_at(0, s) for s in range(1000 - INBOX_WINDOW + 1, 1000)]
    assert known == list(range(1000 - INBOX_WINDOW + 2, 1001))
    assert inbox.words.input_applied_at(0, 1000 - INBOX_WINDOW) is None


def test_release_frees_the_mapping() -> None:
    """After release nothing of ours keeps the memory from being closed."""
    memory = bytearray(found().memory)
    view = memoryview(memory)
    words = ArenaWords(view)
    check_arena(words, "x")
    words.release()
    view.release()
    memory.clear()
