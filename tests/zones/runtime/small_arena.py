"""A small arena and a toy world on it, for tests that must not need the real one."""

import hashlib
import os
from typing import Any

from Kernel.contract.arena import (
    HEADER_BYTES,
    NEVER,
    STATE_BYTES,
    ArenaWords,
    Header,
    State,
    check_arena,
    new_header,
    plan_buffers,
)
from Kernel.contract.codec import pack
from Kernel.contract.rings import append

SCHEMA = b'{"columns": [["x", "f4"]]}'


def arena_bytes(columns_bytes: int = 20_000) -> int:
    """Return the size of such an arena."""
    return plan_buffers(len(SCHEMA), columns_bytes).file_bytes


def found_arena(memory: memoryview, columns_bytes: int = 20_000) -> ArenaWords:
    """Found an arena at tick 0 in zeroed memory of `arena_bytes`."""
    words = ArenaWords(memory)
    new_header(words, plan_buffers(len(SCHEMA), columns_bytes))
    words.put_bytes(HEADER_BYTES, SCHEMA)
    words.put(Header.CAPACITY, 500)
    words.put(Header.RESOURCES, 100)
    words.put(Header.SEED, 7)
    words.put(Header.CREATED_NS, 123)
    words.put_bytes(Header.ARENA_ID, os.urandom(16))
    words.put_bytes(Header.SCHEMA_HASH, hashlib.sha256(SCHEMA).digest())
    words.put_bytes(Header.BUILD, b"b" * 32)
    words.put_bytes(Header.CPU, b"cpu".ljust(64, b"\0"))
    words.put_state(0, State.HOLD_AFTER, NEVER)
    check_arena(words, "test")
    return words


def small_arena(columns_bytes: int = 20_000) -> ArenaWords:
    """Return a founded arena in memory of its own."""
    return found_arena(memoryview(bytearray(arena_bytes(columns_bytes))), columns_bytes)


def advance(words: ArenaWords, events: tuple[dict[str, Any] | bytes, ...] = ()) -> int:
    """Compute and commit one tick whose columns are full of its number; return the tick.

    `events` go into the outbox; bytes go there as they are.
    """
    old = words.get(Header.COMMIT)
    tick = old + 1
    start, before = words.buffer_offset(tick), words.buffer_offset(old)
    words.put(Header.FLIGHT, 1)
    words.memory[start : start + STATE_BYTES] = words.memory[before : before + STATE_BYTES]
    words.put_state(tick, State.TICK, tick)
    assert words.layout is not None
    size = words.layout.buffer_bytes
    words.memory[start + STATE_BYTES : start + size] = bytes([tick & 0xFF]) * (size - STATE_BYTES)
    for event in events:
        payload = event if isinstance(event, bytes) else pack({"tick": tick, **event}, 1 << 20)
        head = words.state(tick, State.OUTBOX_HEAD)
        sequence = words.state(tick, State.OUTBOX_NEXT)
        head = append(words.outbox(), head, head, sequence, payload)
        words.put_state(tick, State.OUTBOX_HEAD, head)
        words.put_state(tick, State.OUTBOX_NEXT, sequence + 1)
    words.put(Header.COMMIT, tick)
    words.put(Header.FLIGHT, 0)
    return tick
