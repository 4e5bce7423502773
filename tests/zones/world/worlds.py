"""Small worlds in memory, and what tests do to them."""

from typing import Any

import numpy as np

from Kernel.contract import rings
from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.codec import unpack
from Kernel.contract.inputs import Input
from zones.world import founding
from zones.world.columns import ALIVE, COLUMNS, Buffer, World
from zones.world.engine import Engine
from zones.world.invariants import all_checks
from zones.world.settings import parse_settings


def make_world(**values: Any) -> ArenaWords:
    """Return a founded arena in memory."""
    settings = parse_settings(values)
    words = ArenaWords(memoryview(bytearray(founding.plan(settings).file_bytes)))
    founding.found(words, settings)
    return words


def make_engine(words: ArenaWords, threads: int = 1, **more: Any) -> Engine:
    """Return an engine whose events all count as stored once committed."""
    more.setdefault("acked", lambda: words.state(words.get(Header.COMMIT), State.OUTBOX_HEAD))
    return Engine(words, threads, more.pop("acked"), **more)


def run(words: ArenaWords, ticks: int, **more: Any) -> Engine:
    """Run a world for some ticks with a fresh engine."""
    engine = make_engine(words, **more)
    for _ in range(ticks):
        engine.tick()
    return engine


def copy_of(words: ArenaWords) -> ArenaWords:
    """Return an independent copy of an arena."""
    return ArenaWords(memoryview(bytearray(words.memory)))


def send(words: ArenaWords, given: Input | bytes) -> int:
    """Append an input (or any payload) to the inbox as the kernel does; return its sequence."""
    tick = words.get(Header.COMMIT)
    sequence = words.get(Header.INBOX_NEXT)
    payload = given if isinstance(given, bytes) else given.encode()
    head = rings.append(
        words.inbox(),
        words.get(Header.INBOX_HEAD),
        words.state(tick, State.INBOX_OFFSET),
        sequence,
        payload,
    )
    words.put(Header.INBOX_HEAD, head)
    words.put(Header.INBOX_NEXT, sequence + 1)
    return sequence


def read_events(words: ArenaWords, sequence: int = 0, offset: int = 0) -> list[dict[str, Any]]:
    """Return all committed events from `sequence` at `offset` on."""
    tick = words.get(Header.COMMIT)
    head = words.state(tick, State.OUTBOX_HEAD)
    events = []
    while sequence < words.state(tick, State.OUTBOX_NEXT):
        entry = rings.read(words.outbox(), offset, head, sequence)
        events.append(unpack(entry.payload))
        sequence, offset = sequence + 1, entry.next_offset
    return events


def living(buffer: Buffer) -> Any:
    """Return the slots that live."""
    return np.flatnonzero(buffer.state == ALIVE)


def check_invariants(world: World, tick: int) -> None:
    """Assert what must hold in every committed tick."""
    buffer = world.buffer(tick)
    alive = living(buffer)
    assert buffer.scalar(State.TICK) == tick
    assert buffer.scalar(State.POPULATION) == len(alive)
    assert buffer.scalar(State.FREE_COUNT) == world.capacity - len(alive)
    ids = buffer.id[alive]
    assert len(np.unique(ids)) == len(ids)
    assert len(ids) == 0 or (ids.min() >= 1 and ids.max() < buffer.scalar(State.NEXT_ID))
    assert np.all(buffer.parent[alive] < ids)
    assert np.all(buffer.energy[alive] >= 0)
    assert np.all(buffer.energy[alive] <= buffer.max_energy[alive])
    assert np.all((buffer.dna[alive] >= 0) & (buffer.dna[alive] <= 1))
    assert np.all(buffer.age[alive] == tick - buffer.born_at[alive])
    assert np.all(buffer.resource_amount >= 0)
    assert [check for check in all_checks(world, tick) if not check.ok] == []
    for column in COLUMNS:
        values = getattr(buffer, column.name)
        if values.dtype.kind == "f":
            rows = values[alive] if column.rows == "entity" else values
            assert np.all(np.isfinite(rows)), column.name
