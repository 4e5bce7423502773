"""One committed tick of an arena as data: copied from a live arena, founded into a new one.

Owns: copying while a world writes, what a new arena takes over from an image, and from the rings
of the arena before it. Does not own: the image as a file (`snapshot_file.py`), making and mapping
arena files (`arena_memory.py`).
Works on memory only.
"""

import json
import time
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from Kernel.contract import rings
from Kernel.contract.arena import (
    HEADER_BYTES,
    INBOX_WINDOW,
    STATE_BYTES,
    TICK_LIMIT,
    ArenaWords,
    Buffers,
    Header,
    State,
    new_header,
    plan_buffers,
)
from Kernel.contract.errors import RingDamaged, RingFull, SnapshotError

COPIES_MAX: Final = 5
NAP_S: Final = 0.0005
NAPS_MAX: Final = 100
_PARTLY: Final = {
    "trait_faults": (State.FAULT_SLOTS_USED, 1),
    "trait_memory": (State.MEMORY_PLACES_USED, 8),
}
"""Columns of which a word says how many of their values are in use, and the bytes of one."""
_ZEROS: Final = bytes(1 << 20)


@dataclass(frozen=True, slots=True)
class ArenaImage:
    """One committed tick: all that is needed to found an equal arena.

    Args:
        schema: JSON, as in the arena.
        arena_id: 16 bytes, of the arena it was copied from.
        created_ns: wall clock of that arena's founding.
        buffer: the whole buffer of `tick`, state block and columns.
    """

    schema: bytes
    capacity: int
    resources: int
    seed: int
    arena_id: bytes
    schema_hash: bytes
    build: bytes
    cpu: bytes
    created_ns: int
    tick: int
    buffer: bytearray

    def buffers(self) -> Buffers:
        """Return the layout of the arena file this image founds."""
        return plan_buffers(len(self.schema), len(self.buffer) - STATE_BYTES)


def copy_committed(words: ArenaWords, into: bytearray | None = None) -> ArenaImage:
    """Copy the committed tick of an arena that a world is writing at the same time.

    When is the copy whole? Tick T+1 is written into the other buffer; T's own buffer is written
    again by tick T+2, which begins only after the commit word says T+1. So if it still says T
    after the copy, every byte is of tick T, whoever died or took over meanwhile. (A copy that ends
    while it says T+1 and the flight word 0 would be whole too, but only if every owner, dead or
    alive, stores the flight word in the right order; half the time is a fair price for not
    depending on that.) A torn copy is made again right after the next commit. What the world says
    it does not use (`State.MEMORY_PLACES_USED`) is not copied: with 200,000 Molbots and no traits
    that is 64 of 100 MB, and a copy must be done before the next commit.

    Args:
        words: accepted by `check_arena`; not changed.
        into: reused for the copy when it has the right size; fresh pages would make it slower.

    Raises:
        SnapshotError: COPIES_MAX copies were torn, or the buffer is not of the tick committed.
    """
    assert words.layout is not None, "check_arena has accepted this arena"
    size = words.layout.buffer_bytes
    buffer = into if into is not None and len(into) == size else bytearray(size)
    holes: tuple[tuple[int, int], ...] = ()
    for _ in range(COPIES_MAX):
        tick = words.get(Header.COMMIT)
        start = words.buffer_offset(tick)
        holes = _find_holes(words, tick, size)
        at = 0
        for first, behind in (*holes, (size, size)):
            buffer[at:first] = words.memory[start + at : start + first]
            at = behind
        if words.get(Header.COMMIT) == tick:
            break
        _wait_commit(words)
    else:
        raise SnapshotError(
            f"cannot copy a tick: {COPIES_MAX} copies were torn, the last at {tick}"
        )
    found = int.from_bytes(buffer[State.TICK : State.TICK + 8], "little")
    if found != tick or tick >= TICK_LIMIT:
        raise SnapshotError(f"cannot copy tick {tick}: its buffer says tick {found}")
    for first, behind in holes:
        _clear(buffer, first, behind)
    return ArenaImage(
        schema=words.schema(),
        capacity=words.get(Header.CAPACITY),
        resources=words.get(Header.RESOURCES),
        seed=words.get(Header.SEED),
        arena_id=words.get_bytes(Header.ARENA_ID, 16),
        schema_hash=words.get_bytes(Header.SCHEMA_HASH, 32),
        build=words.get_bytes(Header.BUILD, 32),
        cpu=words.get_bytes(Header.CPU, 64),
        created_ns=words.get(Header.CREATED_NS),
        tick=tick,
        buffer=buffer,
    )


def _find_holes(words: ArenaWords, tick: int, size: int) -> tuple[tuple[int, int], ...]:
    """Return the ranges of a buffer that hold nothing in use, in order.

    Found by the schema of this very file: only columns that it has, as it lays them.
    """
    holes = []
    for word, offset, value_bytes, width in _partly_used(words.schema(), size):
        used = min(words.state(tick, word), width)
        if used < width:
            holes.append((offset + used * value_bytes, offset + width * value_bytes))
    return tuple(holes)


@lru_cache(maxsize=4)
def _partly_used(schema: bytes, size: int) -> tuple[tuple[int, int, int, int], ...]:
    """Return of each column in _PARTLY its word, offset, bytes of a value of all rows, values."""
    found = []
    try:
        for told in json.loads(schema)["columns"]:
            if told["name"] in _PARTLY and told["planar"] is True:
                word, item_bytes = _PARTLY[told["name"]]
                offset, rows, width = told["offset"], told["count"], told["width"]
                value_bytes = rows * item_bytes
                sound = min(rows, width) > 0 and int(told["type"][-1]) == item_bytes
                if sound and STATE_BYTES <= offset <= size - value_bytes * width:
                    found.append((word, offset, value_bytes, width))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return ()  # a schema that says nothing of it: all is copied
    found.sort(key=lambda each: each[1])
    overlap = any(a[1] + a[2] * a[3] > b[1] for a, b in pairwise(found))
    return () if overlap else tuple(found)


def _clear(buffer: bytearray, first: int, behind: int) -> None:
    """Fill a range with zeros; pages that hold nothing else are read only, and take no memory."""
    for at in range(first, behind, len(_ZEROS)):
        here = slice(at, min(at + len(_ZEROS), behind))
        if buffer[here] != _ZEROS[: here.stop - at]:
            buffer[here] = _ZEROS[: here.stop - at]


def write_into(words: ArenaWords, image: ArenaImage, arena_id: bytes, created_ns: int) -> None:
    """Found an arena from an image, in memory that holds nothing yet. Changes `words`.

    Both buffers get the tick's bytes: a world carries cold columns over only where they change.
    The rings are empty. Inputs that were waiting are not in a snapshot: the cursor passes the
    whole window if any younger one was applied before them, so no number is used twice; world
    events keep their numbers, their offsets begin at 0. The side mapping must be zeroed with it.

    Args:
        words: over a file of exactly `image.buffers().file_bytes`.
        arena_id: 16 fresh random bytes: what the old arena did after this tick never happened here.
        created_ns: wall clock.

    Raises:
        SnapshotError: the memory has another size.
    """
    buffers = image.buffers()
    if len(words.memory) != buffers.file_bytes:
        raise SnapshotError(
            f"cannot found an arena in {len(words.memory)} bytes: it needs {buffers.file_bytes}"
        )
    assert len(arena_id) == 16
    state = bytearray(image.buffer[:STATE_BYTES])
    state_words = memoryview(state).cast("Q")
    applied = slice(State.INBOX_APPLIED, State.INBOX_APPLIED + INBOX_WINDOW // 8)
    if any(state[applied]):
        state_words[State.INBOX_CURSOR >> 3] += INBOX_WINDOW
        state[applied] = bytes(INBOX_WINDOW // 8)
    state_words[State.OUTBOX_HEAD >> 3] = 0
    words.layout = None
    words.memory[: buffers.buffer_0] = bytes(buffers.buffer_0)
    for start in (buffers.buffer_0, buffers.buffer_1):
        words.memory[start : start + buffers.buffer_bytes] = image.buffer
        words.memory[start : start + STATE_BYTES] = state
    words.put_bytes(HEADER_BYTES, image.schema)
    words.put(Header.CAPACITY, image.capacity)
    words.put(Header.RESOURCES, image.resources)
    words.put(Header.SEED, image.seed)
    words.put(Header.CREATED_NS, created_ns)
    words.put_bytes(Header.ARENA_ID, arena_id)
    words.put_bytes(Header.SCHEMA_HASH, image.schema_hash)
    words.put_bytes(Header.BUILD, image.build)
    words.put_bytes(Header.CPU, image.cpu)
    words.put(Header.INBOX_HEAD, state_words[State.INBOX_OFFSET >> 3])
    words.put(Header.INBOX_NEXT, state_words[State.INBOX_CURSOR >> 3])
    words.put(Header.COMMIT, image.tick)
    new_header(words, buffers)


def carry_over(new: ArenaWords, old: ArenaWords, acknowledged: tuple[int, int] | None) -> str:
    """Bring what is not in an image from an arena into the one founded from its last tick.

    Inputs that wait keep their numbers and places. Events that are not stored yet come behind the
    beginning of the new outbox, with their numbers. Epoch, counts and pacing go on.

    Args:
        new: as `write_into` leaves it; changed.
        old: nobody writes it; not changed.
        acknowledged: sequence and virtual offset up to which its events are stored; None: unknown.

    Returns:
        Why some events could not be brought over, "" when all were.

    Raises:
        SnapshotError: the inboxes differ in size.
    """
    tick = old.get(Header.COMMIT)
    if len(new.inbox()) != len(old.inbox()):
        raise SnapshotError(
            f"cannot carry an inbox of {len(old.inbox())} bytes into one of {len(new.inbox())}"
        )
    new.inbox()[:] = old.inbox()
    for offset in _CARRIED:
        new.put(offset, old.get(offset))
    start = old.buffer_offset(tick)
    for first, behind in _INBOX_STATE:
        for each in (tick, tick + 1):
            new.put_bytes(
                new.buffer_offset(each) + first, old.get_bytes(start + first, behind - first)
            )
    return _carry_events(new, old, acknowledged)


_CARRIED: Final = (
    Header.INBOX_HEAD, Header.INBOX_NEXT, Header.EPOCH, Header.MISSED_TICKS, Header.REANCHORED,
    Header.ANCHOR_NS, Header.ANCHOR_TICK, Header.PERIOD_NS,
)  # fmt: skip
_INBOX_STATE: Final = (
    (State.INBOX_CURSOR, State.INBOX_OFFSET + 8),
    (State.INBOX_APPLIED, State.INBOX_APPLIED + INBOX_WINDOW // 8),
    (State.APPLIED_AT, State.APPLIED_AT + 8 * INBOX_WINDOW),
)
"""Parts of the state block, from and up to."""


def _carry_events(new: ArenaWords, old: ArenaWords, acknowledged: tuple[int, int] | None) -> str:
    tick = old.get(Header.COMMIT)
    head, next_sequence = old.state(tick, State.OUTBOX_HEAD), old.state(tick, State.OUTBOX_NEXT)
    ring = old.outbox()
    if acknowledged is None or not 0 <= head - acknowledged[1] <= len(ring):
        # Nothing was ever overwritten in a ring that has not come round: all of it is there.
        if head > len(ring):
            return f"cannot find the events of {head} bytes that nobody has stored"
        acknowledged = (rings.ENTRY.unpack_from(ring, 0)[0] if head else next_sequence, 0)
    sequence, offset = acknowledged
    why, put = "", 0
    try:
        while sequence < next_sequence:
            entry = rings.read(ring, offset, head, sequence)
            put = rings.append(new.outbox(), put, 0, sequence, entry.payload)
            sequence, offset = sequence + 1, entry.next_offset
    except (RingDamaged, RingFull) as error:
        why = f"cannot bring events {sequence} to {next_sequence - 1} over: {error.message}"
        # The numbers must have no hole: those of the lost ones are given up with all behind them.
        new.outbox()[:] = bytes(len(new.outbox()))
        put = 0
    for each in (tick, tick + 1):
        new.put_state(each, State.OUTBOX_HEAD, put)
    return why


def tell_event(words: ArenaWords, payload: bytes) -> None:
    """Append an event to the outbox of an arena founded just now, as part of its first tick.

    Raises:
        RingFull: it has no room.
    """
    tick = words.get(Header.COMMIT)
    sequence = words.state(tick, State.OUTBOX_NEXT)
    head = rings.append(words.outbox(), words.state(tick, State.OUTBOX_HEAD), 0, sequence, payload)
    for each in (tick, tick + 1):
        words.put_state(each, State.OUTBOX_HEAD, head)
        words.put_state(each, State.OUTBOX_NEXT, sequence + 1)


def _wait_commit(words: ArenaWords) -> None:
    """Wait for the next commit, or for NAPS_MAX naps when the world stands still again."""
    tick = words.get(Header.COMMIT)
    for _ in range(NAPS_MAX):
        if words.get(Header.COMMIT) != tick:
            return
        time.sleep(NAP_S)
