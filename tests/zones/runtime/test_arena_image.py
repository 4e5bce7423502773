"""Copying a committed tick while a world writes, and founding an arena from the copy."""

import json
import mmap
import os
import signal
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import (
    NEVER,
    STATE_BYTES,
    ArenaWords,
    Header,
    State,
    check_arena,
    new_header,
    plan_buffers,
)
from Kernel.contract.errors import SnapshotError
from Kernel.contract.rings import append, read
from tests.zones.runtime.small_arena import SCHEMA, advance, arena_bytes, found_arena, small_arena
from zones.runtime.arena_image import COPIES_MAX, ArenaImage, copy_committed, write_into


class RacingWords(ArenaWords):
    """Words whose world commits ticks at chosen readings of the commit word."""

    def race(self, at_readings: set[int]) -> None:
        """Advance the world just before the readings counted here."""
        self.world = ArenaWords(self.memory)
        check_arena(self.world, "test")
        self.at_readings = at_readings
        self.readings = 0

    def get(self, offset: int) -> int:
        """Return a word, after the world has moved on."""
        if offset == Header.COMMIT and hasattr(self, "readings"):
            reading, self.readings = self.readings, self.readings + 1
            if reading in self.at_readings:
                advance(self.world)
        return super().get(offset)


def racing(at_readings: set[int]) -> RacingWords:
    """Return a small arena at tick 3 whose world commits at these readings."""
    words = small_arena()
    for _ in range(3):
        advance(words)
    racer = RacingWords(words.memory)
    check_arena(racer, "test")
    racer.race(at_readings)
    return racer


def is_whole(image: ArenaImage) -> bool:
    """Return whether every byte of the copy is of its tick."""
    return set(image.buffer[STATE_BYTES:]) == {image.tick & 0xFF}


def test_copy_of_a_still_world() -> None:
    """The copy of a world that stands still is the committed buffer and what identifies it."""
    words = small_arena()
    for _ in range(5):
        advance(words)
    image = copy_committed(words)
    start = words.buffer_offset(5)
    assert image.tick == 5
    assert image.buffer == words.memory[start : start + len(image.buffer)]
    assert image.schema == SCHEMA
    assert (image.capacity, image.resources, image.seed, image.created_ns) == (500, 100, 7, 123)
    assert image.arena_id == words.get_bytes(Header.ARENA_ID, 16)
    assert image.buffers() == words.layout
    read_only = ArenaWords(memoryview(bytes(words.memory)))
    check_arena(read_only, "test")
    assert copy_committed(read_only) == image


def test_copy_begun_before_a_commit_is_made_again() -> None:
    """A copy during which the commit word moved is not used, though it may be whole."""
    image = copy_committed(racing({1}))
    assert image.tick == 4
    assert is_whole(image)


def test_copy_gives_up_after_a_limit() -> None:
    """A world faster than any copy ends in an error, not in a torn image."""
    with pytest.raises(SnapshotError, match=f"{COPIES_MAX} copies were torn"):
        copy_committed(racing(set(range(10_000))))


def test_copy_reuses_memory_of_the_right_size_only() -> None:
    """A buffer that fits is filled and returned, any other is left alone."""
    words = small_arena()
    first = copy_committed(words)
    advance(words)
    second = copy_committed(words, first.buffer)
    assert second.buffer is first.buffer
    other = bytearray(10)
    assert copy_committed(words, other).buffer is not other
    assert other == bytes(10)


def test_copy_of_a_damaged_buffer_is_refused() -> None:
    """A buffer that is not of the committed tick never becomes an image."""
    words = small_arena()
    advance(words)
    words.put_state(1, State.TICK, 9)
    with pytest.raises(SnapshotError, match="cannot copy tick 1: its buffer says tick 9"):
        copy_committed(words)


def test_copy_of_a_tick_that_no_world_reaches_is_refused() -> None:
    """Its name would be none of a snapshot: nobody would find the file, and nobody remove it."""
    words = small_arena()
    tick = 2**64 - 2
    words.put_state(tick, State.TICK, tick)
    words.put(Header.COMMIT, tick)
    with pytest.raises(SnapshotError, match="cannot copy tick"):
        copy_committed(words)


def test_copies_beside_a_running_world_are_whole() -> None:
    """No copy made while another process writes tick after tick mixes two of them."""
    columns = 300_000
    memory = mmap.mmap(-1, arena_bytes(columns))
    words = found_arena(memoryview(memory), columns)
    advance(words)
    child = os.fork()
    if child == 0:
        try:
            while True:
                advance(words)
                time.sleep(0.001)
        finally:
            os._exit(1)
    whole = torn = 0
    into = copy_committed(small_arena()).buffer
    try:
        for _ in range(100):
            try:
                image = copy_committed(words, into)
            except SnapshotError:
                torn += 1
                continue
            into = image.buffer
            assert is_whole(image)
            whole += 1
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert whole + torn == 100
    assert whole > 0
    words.release()


def test_founding_gives_an_equal_arena() -> None:
    """An arena founded from an image holds the tick in both buffers and starts with empty rings."""
    words = small_arena()
    for _ in range(4):
        advance(words, ({"kind": "telemetry"},))
    words.put_state(4, State.INBOX_CURSOR, 9)
    words.put_state(4, State.INBOX_OFFSET, 640)
    words.put_state(4, State.HOLD_AFTER, 4)
    image = copy_committed(words)
    fresh = ArenaWords(memoryview(bytearray(b"\xff" * image.buffers().file_bytes)))
    write_into(fresh, image, b"i" * 16, 999)
    assert check_arena(fresh, "fresh") == words.layout
    assert fresh.get(Header.COMMIT) == 4
    for tick in (4, 5):
        start = fresh.buffer_offset(tick)
        body = slice(start + STATE_BYTES, start + len(image.buffer))
        assert fresh.memory[body] == image.buffer[STATE_BYTES:]
        assert fresh.state(tick, State.TICK) == 4
        assert fresh.state(tick, State.HOLD_AFTER) == 4
        assert fresh.state(tick, State.INBOX_CURSOR) == 9
        assert fresh.state(tick, State.OUTBOX_NEXT) == 4
        assert fresh.state(tick, State.OUTBOX_HEAD) == 0
    assert fresh.get_bytes(Header.ARENA_ID, 16) == b"i" * 16
    for offset in (Header.CAPACITY, Header.RESOURCES, Header.SEED):
        assert fresh.get(offset) == words.get(offset)
    for offset, size in ((Header.SCHEMA_HASH, 32), (Header.BUILD, 32), (Header.CPU, 64)):
        assert fresh.get_bytes(offset, size) == words.get_bytes(offset, size)
    assert fresh.schema() == SCHEMA
    assert (fresh.get(Header.CREATED_NS), fresh.get(Header.DRAIN_AT)) == (999, NEVER)
    assert (fresh.get(Header.INBOX_NEXT), fresh.get(Header.INBOX_HEAD)) == (9, 640)
    assert [fresh.get(o) for o in (Header.FLIGHT, Header.EPOCH, Header.OWNER)] == [0, 0, 0]
    assert not any(fresh.inbox())
    assert not any(fresh.outbox())
    again = copy_committed(fresh)
    state = bytearray(image.buffer)
    state[State.OUTBOX_HEAD : State.OUTBOX_HEAD + 8] = bytes(8)
    assert again == replace(image, buffer=state, arena_id=b"i" * 16, created_ns=999)


def test_founded_world_goes_on() -> None:
    """The first input and the first event of a restored world find their place in the rings."""
    words = small_arena()
    for _ in range(3):
        advance(words, ({"kind": "telemetry"},))
    image = copy_committed(words)
    fresh = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
    write_into(fresh, image, b"i" * 16, 1)
    check_arena(fresh, "fresh")
    sequence, head = fresh.get(Header.INBOX_NEXT), fresh.get(Header.INBOX_HEAD)
    cursor = fresh.state(3, State.INBOX_OFFSET)
    new_head = append(fresh.inbox(), head, cursor, sequence, b"resume")
    assert fresh.state(3, State.INBOX_CURSOR) == sequence
    assert read(fresh.inbox(), cursor, new_head, sequence).payload == b"resume"
    advance(fresh, ({"kind": "telemetry"},))
    assert read(fresh.outbox(), 0, fresh.state(4, State.OUTBOX_HEAD), 3).sequence == 3


@given(st.sets(st.integers(1, 255), max_size=5), st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_inputs_that_waited_are_dropped_without_reusing_numbers(
    ahead: set[int], cursor: int
) -> None:
    """After founding no number of an input that was applied is given to another one."""
    words = small_arena(100)
    words.put_state(0, State.INBOX_CURSOR, cursor)
    for step in ahead:
        slot = (cursor + step) % 256
        place = State.INBOX_APPLIED + (slot >> 6) * 8
        words.put_state(0, place, words.state(0, place) | 1 << (slot & 63))
    image = copy_committed(words)
    fresh = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
    write_into(fresh, image, b"i" * 16, 1)
    following = fresh.get(Header.INBOX_NEXT)
    assert following > max((cursor + step for step in ahead), default=cursor - 1)
    assert following == fresh.state(0, State.INBOX_CURSOR) == fresh.state(1, State.INBOX_CURSOR)
    assert fresh.input_applied_at(0, following) is None
    assert not any(fresh.state(0, State.INBOX_APPLIED + 8 * word) for word in range(4))


def test_founding_in_a_file_of_another_size_is_refused() -> None:
    """An image never goes into memory it was not planned for."""
    image = copy_committed(small_arena())
    with pytest.raises(SnapshotError, match="cannot found an arena in 4096 bytes"):
        write_into(ArenaWords(memoryview(bytearray(4096))), image, b"i" * 16, 1)


def test_layout_survives_page_rounding() -> None:
    """The layout planned from an image is that of the arena it came from, for any size."""
    for columns_bytes in (1, 4095, 4096, 4097, 100_000):
        buffers = plan_buffers(len(SCHEMA), columns_bytes)
        words = ArenaWords(memoryview(bytearray(buffers.file_bytes)))
        new_header(words, buffers)
        check_arena(words, "test")
        assert copy_committed(words).buffers() == buffers


def partly_used(told: list[dict[str, Any]]) -> ArenaWords:
    """Return an arena at tick 1 whose schema tells of these columns, every byte of them set."""
    schema = json.dumps({"columns": told}).encode()
    buffers = plan_buffers(len(schema), 4096)
    words = ArenaWords(memoryview(bytearray(buffers.file_bytes)))
    new_header(words, buffers)
    words.put_bytes(4096, schema)
    words.put(Header.COMMIT, 1)
    words.put_state(1, State.TICK, 1)
    start, size = words.buffer_offset(1), words.get(Header.BUFFER_BYTES)
    words.memory[start + STATE_BYTES : start + size] = b"\xa5" * (size - STATE_BYTES)
    check_arena(words, "test")
    return words


FAULTS = {"name": "trait_faults", "type": "|u1", "count": 10, "width": 64, "planar": True,
          "offset": STATE_BYTES + 64}  # fmt: skip
MEMORY = {"name": "trait_memory", "type": "<i8", "count": 10, "width": 4, "planar": True,
          "offset": STATE_BYTES + 1024}  # fmt: skip


def test_what_a_world_does_not_use_is_not_copied() -> None:
    """Of two columns the values behind those in use are zeros in the copy; the rest is copied."""
    words = partly_used([MEMORY, {**FAULTS, "name": "mood"}, FAULTS])
    words.put_state(1, State.FAULT_SLOTS_USED, 3)
    words.put_state(1, State.MEMORY_PLACES_USED, 1)
    start, size = words.buffer_offset(1), words.get(Header.BUFFER_BYTES)
    expected = bytearray(words.memory[start : start + size])
    expected[STATE_BYTES + 64 + 30 : STATE_BYTES + 64 + 640] = bytes(610)
    expected[STATE_BYTES + 1024 + 80 : STATE_BYTES + 1024 + 320] = bytes(240)
    assert copy_committed(words).buffer == expected
    assert copy_committed(words, bytearray(b"\xff") * size).buffer == expected


@pytest.mark.parametrize(
    "told",
    [
        [],
        [{**FAULTS, "offset": 0}],
        [{**FAULTS, "offset": 2**60}],
        [{**FAULTS, "count": 2**60}],
        [{**FAULTS, "count": -1}],
        [{**FAULTS, "planar": False}],
        [{**FAULTS, "width": "x"}],
        [{**MEMORY, "type": "<i4"}],
        [FAULTS, {**MEMORY, "offset": STATE_BYTES + 128}],
    ],
)
def test_a_schema_that_lies_has_all_copied(told: list[dict[str, Any]]) -> None:
    """A damaged world cannot make its copy lack what is in the buffer, nor reach beyond it."""
    words = partly_used(told)
    start, size = words.buffer_offset(1), words.get(Header.BUFFER_BYTES)
    assert copy_committed(words).buffer == words.memory[start : start + size]
