"""What a world on paper computes: a chain of numbers that shows any lost, doubled or torn tick.

Owns: state after n ticks at once, and applying the inbox, each input exactly once. Does not own:
when ticks are due and who may write (`world_life.py`). Works on memory only.
"""

import hashlib
import struct
import zlib
from dataclasses import replace

from Kernel.contract import rings
from Kernel.contract.arena import (
    INBOX_WINDOW,
    NEVER,
    STATE_BYTES,
    ArenaWords,
    Header,
    State,
    check_arena,
    new_header,
    plan_buffers,
)
from Kernel.contract.inputs import (
    ADD_TRAIT,
    PAUSE,
    QUARANTINE,
    REMOVE_TRAIT,
    RESUME,
    SET_PARAM,
    STEP,
    Input,
    decode_input,
)
from tests.sim import trait_life
from tests.sim.code import Code
from tests.sim.disk import ArenaFile
from zones.runtime.arena_image import ArenaImage, carry_over, copy_committed, write_into

COLUMNS_BYTES = 64
PERIOD_NS = 16_000_000
FACTS = {
    "generation": "paper",
    "period_ns": PERIOD_NS,
    "parameters": [
        {"name": "friction", "index": 3, "unit": "", "low": 0.0, "high": 1.0, "default": 0.5}
    ],
    "phases": ["between ticks", "work"],
    "cells": ["trial"],
}
FRICTION = 3
RELEASING = (RESUME, STEP)
_FACTOR = 6364136223846793005
_STEP = 1442695040888963407
_MODULUS = 2**64


def chain_after(value: int, ticks: int) -> int:
    """Return the chain `ticks` later: x -> factor x + step, in closed form."""
    power = pow(_FACTOR, ticks, (_FACTOR - 1) * _MODULUS)
    total = (power - 1) // (_FACTOR - 1)
    return (power * value + _STEP * total) % _MODULUS


def mixed(value: int, sequence: int, payload: bytes) -> int:
    """Return the chain after an input: order and number matter."""
    return (value * 31 + zlib.crc32(payload) + sequence) % _MODULUS


def found(code: Code, image: ArenaImage | None, arena_id: bytes) -> ArenaFile:
    """Return a new arena in the columns of `code`: at tick 0, or at the tick of an image."""
    if image is not None:
        image = replace(image, schema=code.schema, schema_hash=code.schema_hash)
        file = ArenaFile(image.buffers().file_bytes)
        write_into(file.words(), image, arena_id, 0)
        return file
    buffers = plan_buffers(len(code.schema), COLUMNS_BYTES)
    file = ArenaFile(buffers.file_bytes)
    words = file.words()
    new_header(words, buffers)
    words.put_bytes(4096, code.schema)
    words.put_bytes(Header.SCHEMA_HASH, code.schema_hash)
    words.put_bytes(Header.ARENA_ID, arena_id)
    words.put_state(0, State.HOLD_AFTER, NEVER)
    return file


def moved(code: Code, old: ArenaFile, arena_id: bytes) -> ArenaFile:
    """Return an arena in the columns of `code` that goes on where `old` is; nobody writes that."""
    words = old.words()
    check_arena(words, "the arena that is left")
    file = found(code, copy_committed(words), arena_id)
    lost = carry_over(
        file.words(), words, (words.state(words.get(Header.COMMIT), State.OUTBOX_NEXT), 0)
    )
    assert not lost, "a world on paper tells no events"
    return file


def move_on(
    words: ArenaWords,
    old: int,
    ticks: int,
    due: list[tuple[int, Input, bytes]],
    has: frozenset[str] | None = None,
) -> int:
    """Commit `ticks` at once, with the inputs that are due in the first of them; return the tick.

    Args:
        has: the traits whose code the process has, where others are to be suspended.

    The other buffer is written and the commit word stored last, as a world does.
    """
    new = old + ticks
    start, target = words.buffer_offset(old), words.buffer_offset(new)
    if start != target:
        words.memory[target : target + STATE_BYTES] = words.memory[start : start + STATE_BYTES]
    value = words.state(new, State.OWN)
    for sequence, given, payload in due:
        value = mixed(value, sequence, payload)
        _carry_out(words, new, old + 1, given)
        _mark(words, new, sequence, old + 1)
    if due:
        _pass_cursor(words, new)
    if has is not None:
        trait_life.suspend_lacking(words, new, has)
    words.put_state(new, State.OWN, chain_after(value, ticks))
    words.put_state(new, State.TICK, new)
    words.put(Header.COMMIT, new)
    return new


def waiting(words: ArenaWords, tick: int) -> list[tuple[int, Input, bytes]]:
    """Return the inputs in the inbox that are not applied yet, oldest first."""
    sequence = words.state(tick, State.INBOX_CURSOR)
    stop = words.get(Header.INBOX_NEXT)
    if sequence == stop:
        return []
    offset, head, ring = (
        words.state(tick, State.INBOX_OFFSET),
        words.get(Header.INBOX_HEAD),
        words.inbox(),
    )
    found = []
    while sequence < stop:
        entry = rings.read(ring, offset, head, sequence)
        if not _is_applied(words, tick, sequence):
            found.append((sequence, decode_input(entry.payload), entry.payload))
        offset, sequence = entry.next_offset, sequence + 1
    return found


def digest(words: ArenaWords, tick: int) -> bytes:
    """Return what is published as the hash of a held tick."""
    return hashlib.sha256(struct.pack("<QQ", tick, words.state(tick, State.OWN))).digest()


def _carry_out(words: ArenaWords, new: int, tick: int, given: Input) -> None:
    if given.kind == PAUSE:
        words.put_state(new, State.HOLD_AFTER, tick)
    elif given.kind == RESUME:
        words.put_state(new, State.HOLD_AFTER, NEVER)
    elif given.kind == STEP:
        words.put_state(new, State.HOLD_AFTER, tick + given.steps - 1)
    elif given.kind == QUARANTINE:
        bits = words.state(new, State.QUARANTINED) | 1 << given.slot
        words.put_state(new, State.QUARANTINED, bits)
    elif given.kind in (ADD_TRAIT, REMOVE_TRAIT):
        trait_life.change(words, new, tick, given)
    elif given.kind == SET_PARAM:
        place = words.buffer_offset(new) + State.PARAMETERS + 8 * FRICTION
        struct.pack_into("<d", words.memory, place, given.value)


def _bit(sequence: int) -> tuple[int, int]:
    slot = sequence % INBOX_WINDOW
    return State.INBOX_APPLIED + (slot >> 6) * 8, 1 << (slot & 63)


def _is_applied(words: ArenaWords, tick: int, sequence: int) -> bool:
    place, bit = _bit(sequence)
    return bool(words.state(tick, place) & bit)


def _mark(words: ArenaWords, new: int, sequence: int, tick: int) -> None:
    place, bit = _bit(sequence)
    words.put_state(new, place, words.state(new, place) | bit)
    words.put_state(new, State.APPLIED_AT + 8 * (sequence % INBOX_WINDOW), tick)


def _pass_cursor(words: ArenaWords, new: int) -> None:
    """Move the cursor behind what is applied without a gap, and clear those bits."""
    cursor, offset = words.state(new, State.INBOX_CURSOR), words.state(new, State.INBOX_OFFSET)
    stop, head, ring = words.get(Header.INBOX_NEXT), words.get(Header.INBOX_HEAD), words.inbox()
    while cursor < stop and _is_applied(words, new, cursor):
        place, bit = _bit(cursor)
        words.put_state(new, place, words.state(new, place) & ~bit)
        offset = rings.read(ring, offset, head, cursor).next_offset
        cursor += 1
    words.put_state(new, State.INBOX_CURSOR, cursor)
    words.put_state(new, State.INBOX_OFFSET, offset)
