"""Tick 0, the size of an arena, and a world founded from an image of another."""

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header, State, check_arena
from Kernel.contract.errors import ArenaError
from Kernel.contract.inputs import PAUSE, Input
from tests.zones.world.worlds import check_invariants, make_engine, make_world, run, send
from zones.runtime.arena_image import copy_committed, write_into
from zones.world import founding
from zones.world.columns import COLUMNS, Extent, open_world, plan_layout
from zones.world.world_hash import world_hash


def test_founded_arena_is_whole() -> None:
    """A founded arena passes the kernel's check and holds the founders of its settings."""
    words = make_world(seed=5, entities=40, max_entities=64, resources=70)
    check_arena(words, "memory")
    world = open_world(words)
    check_invariants(world, 0)
    assert world.committed.scalar(State.POPULATION) == 40
    assert (world.capacity, world.extent.resources, world.seed) == (64, 70, 5)


def test_both_buffers_hold_tick_zero() -> None:
    """After founding the two buffers are equal byte for byte."""
    first, second = open_world(make_world()).buffers
    assert np.array_equal(first.whole, second.whole)


def test_columns_are_aligned_and_apart() -> None:
    """Each column begins at a multiple of 64 bytes, and none overlaps another."""
    layout = plan_layout(Extent(501, 77, 3, 5, 50.0, 130.0, 220.0))
    ends = [8192]
    for column in COLUMNS:
        rows = layout.extent.rows()[column.rows]
        start = layout.offsets[column.name]
        assert start % 64 == 0
        assert start >= ends[-1]
        ends.append(start + rows * column.width * np.dtype(column.dtype).itemsize)
    assert 8192 + layout.columns_bytes >= ends[-1]


def test_seed_decides() -> None:
    """The same seed founds the same world, another seed another one."""
    assert world_hash(make_world(seed=3)) == world_hash(make_world(seed=3))
    assert world_hash(make_world(seed=3)) != world_hash(make_world(seed=4))


def test_foreign_schema_is_refused() -> None:
    """An arena whose schema is not this build's is not opened."""
    words = make_world()
    words.put(Header.SCHEMA_HASH, 7)
    with pytest.raises(ArenaError, match="cannot open the arena: its schema"):
        open_world(words)


def test_views_of_a_read_only_mapping() -> None:
    """A read-only mapping gives read-only views."""
    words = ArenaWords(memoryview(bytes(make_world().memory)))
    with pytest.raises(ValueError, match="read-only"):
        open_world(words).committed.x[0] = 1


def restored(old: ArenaWords) -> ArenaWords:
    """Return a new arena founded from an image of the committed tick."""
    image = copy_committed(old)
    words = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
    write_into(words, image, arena_id=b"i" * 16, created_ns=1)
    check_arena(words, "memory")
    return words


@pytest.mark.parametrize("tick", [7, 8])
def test_restored_world_goes_on(tick: int) -> None:
    """A world founded from an image of either buffer goes on exactly as the old one does."""
    old = make_world(seed=9, min_population=450)
    check_arena(old, "memory")
    send(old, Input(PAUSE, at_tick=5))
    run(old, tick)
    new = restored(old)
    assert world_hash(new) == world_hash(old)
    for words in (old, new):
        run(words, 50)
    assert world_hash(new) == world_hash(old)


def test_restored_world_loses_no_number() -> None:
    """Inputs that an image had applied ahead of a waiting one keep their numbers."""
    old = make_world()
    check_arena(old, "memory")
    send(old, Input(PAUSE, at_tick=1000))
    applied = send(old, Input(PAUSE))
    run(old, 1)
    new = restored(old)
    assert new.get(Header.INBOX_NEXT) > applied
    later = send(new, Input(PAUSE))
    make_engine(new).tick()
    assert new.input_applied_at(2, later) == 2


def test_build_is_named() -> None:
    """Header words name the sources and the CPU that decide a tick."""
    words = make_world()
    assert words.get_bytes(Header.BUILD, 32) == founding.build_id()
    assert words.get_bytes(Header.CPU, 64).rstrip(b"\0").decode() == founding.cpu_family()
    assert founding.cpu_family()
