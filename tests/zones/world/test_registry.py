"""The registry through copies, builds and sizes, and what telemetry and the kernel read of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, State, check_arena
from Kernel.contract.trait_registry import read_registry
from tests.zones.world.fake_traits import (
    ALL_OF_THEM,
    HUNGRY,
    RESTLESS,
    add,
    engine_with,
    facts,
    loaded,
)
from tests.zones.world.stage import put, stage
from tests.zones.world.test_engine import BUSY
from tests.zones.world.test_migration import DEFAULTS, Foreign, arena_of, image_after
from tests.zones.world.worlds import check_invariants, make_world, read_events, run
from zones.runtime.arena_image import ArenaImage, copy_committed
from zones.world import columns
from zones.world.columns import ALIVE, COLUMNS, Column, open_world
from zones.world.inspection import find_damage
from zones.world.migration import migrate
from zones.world.registry import read_entries, update_words
from zones.world.survey import new_tally, survey
from zones.world.trait_library import TraitLibrary
from zones.world.trait_survey import survey_traits
from zones.world.world_hash import world_hash

NEW = ("mood", "ready", "trait_faults", "trait_memory")


def is_new(column: Column) -> bool:
    """Tell whether builds without traits lack a column."""
    return column.rows in ("slot", "mood") or column.name in NEW


def carried(ticks: int = 20) -> ArenaWords:
    """Return a busy world with three traits."""
    words = make_world(seed=8, **BUSY)
    for given in ALL_OF_THEM:
        add(words, given)
    engine = engine_with(words)
    for _ in range(ticks):
        engine.tick()
    check_arena(words, "test")
    return words


def entity_columns(words: ArenaWords) -> dict[str, Any]:
    """Return the columns of the living, in the order of their ids."""
    buffer = open_world(words).committed
    alive = np.flatnonzero(buffer.state == ALIVE)
    alive = alive[np.argsort(buffer.id[alive])]
    names = [column.name for column in COLUMNS if column.rows == "entity"]
    return {name: getattr(buffer, name)[alive] for name in names if name != "touched"}


def test_a_world_of_before_there_were_traits_comes_along() -> None:
    """Without columns, parameters and words of traits: a sound world that nobody carries any in."""
    image = image_after(30)
    foreign = Foreign(image)
    foreign.told["columns"] = [
        told
        for told in foreign.told["columns"]
        if not is_new(next(column for column in COLUMNS if column.name == told["name"]))
    ]
    foreign.told["parameters"] = foreign.told["parameters"][:41]
    del foreign.told["trait_memory_slots"]
    words_of_traits = ("traits_active", "registry_version", "traits_put_off")
    foreign.told["scalars"] = [
        each for each in foreign.told["scalars"] if each["name"] not in words_of_traits
    ]
    moved, changes = migrate(foreign.built(), 90, DEFAULTS)
    assert set(NEW) <= set(changes.added) and "parameter fuel_per_ms" in changes.added
    words = arena_of(moved)
    assert find_damage(words) == ""
    assert world_hash(words) == world_hash(arena_of(image))
    run(words, 5)
    for given in ALL_OF_THEM:
        add(words, given)
    engine = engine_with(words)
    for _ in range(5):
        tick = engine.tick()
        check_invariants(engine.world, tick)
    assert [entry.calls > 0 for entry in read_entries(engine.world.committed)] == [True] * 3


@pytest.mark.parametrize(("capacity", "places"), [(500, 32), (340, 40), (340, 2), (400, 5)])
def test_another_size_keeps_the_traits(capacity: int, places: int) -> None:
    """More slots, more or fewer places of memory: who carries what, and all it has kept, stays."""
    words = carried()
    image = copy_committed(words)
    before = entity_columns(words)
    moved, changes = migrate(image, capacity, DEFAULTS, places)
    assert changes.refused == ""
    other = arena_of(moved)
    assert find_damage(other) == ""
    assert open_world(other).extent.memory_slots == places
    after = entity_columns(other)
    for name, values in before.items():
        kept = values[:, : after[name].shape[1]] if name == "trait_memory" else values
        assert np.array_equal(after[name][:, :2] if name == "trait_memory" else after[name],
                              kept[:, :2] if name == "trait_memory" else kept), name  # fmt: skip
    old, new = open_world(words).committed, open_world(other).committed
    assert read_entries(old) == read_entries(new)
    assert new.scalar(State.TRAITS_ACTIVE) == 0b1110
    engine = engine_with(other)
    for _ in range(3):
        tick = engine.tick()
        check_invariants(engine.world, tick)


def test_memory_in_use_is_not_cut_off() -> None:
    """A world whose traits use more places than it should have keeps those it has, and says so."""
    moved, changes = migrate(copy_committed(carried()), 340, DEFAULTS, 1)
    assert "traits use 2; it keeps its 32" in changes.refused
    assert open_world(arena_of(moved)).extent.memory_slots == 32


def damaged(image: ArenaImage, column: str, value: int) -> ArenaImage:
    """Return an image of another build whose registry says something impossible of slot 1."""
    foreign = Foreign(replace(image, buffer=bytearray(image.buffer)))
    foreign.values[column] = foreign.values[column].copy()
    foreign.values[column][0, 1] = value
    return foreign.built()


@pytest.mark.parametrize(
    ("column", "value"),
    [("slot_status", 9), ("slot_tier", 7), ("slot_state", 200), ("slot_memory_count", 250)],
)
def test_a_slot_that_cannot_be_is_emptied(column: str, value: int) -> None:
    """What this build cannot read of another's registry is in no slot, and nobody carries it."""
    moved, _ = migrate(damaged(copy_committed(carried()), column, value), 340, DEFAULTS)
    words = arena_of(moved)
    assert find_damage(words) == ""
    buffer = open_world(words).committed
    assert [entry.slot for entry in read_entries(buffer)] == [2, 3]
    assert not np.any(buffer.trait_bits & np.uint64(2))


def test_the_kernel_reads_what_the_world_writes() -> None:
    """Slot by slot, without numpy, as the world itself reads it."""
    words = carried()
    entries = read_entries(open_world(words).committed)
    rows = read_registry(words)
    assert [
        (e.slot, e.name, e.version, e.hash, e.tier, e.state, e.memory_count, e.since, e.calls)
        for e in entries
    ] == [
        (r.slot, r.name, r.version, r.hash, r.tier, r.state, r.memory, r.since_tick, r.calls)
        for r in rows
    ]
    assert [(row.name, row.status) for row in rows] == [
        ("Restless", "active"),
        ("Hungry", "active"),
        ("Clumsy", "active"),
    ]


def test_damaged_registry_is_damage() -> None:
    """A registry that no input can have made keeps a world from being gone on in."""
    words = carried()
    buffer = open_world(words).committed
    buffer.slot_memory_count[2] = 4
    update_words(buffer)
    assert "registry" in find_damage(words)
    words = carried()
    open_world(words).committed.trait_bits[0] |= np.uint64(1 << 40)
    assert "carriers" in find_damage(words)


def test_telemetry_tells_of_traits() -> None:
    """As diverse as equally spread traits; the one most carry; a row for each slot in an event."""
    words = carried(1)
    buffer = open_world(words).committed
    counts = np.zeros((2, 64), np.int64)
    found = survey_traits(buffer, counts)
    assert found.diversity == pytest.approx(3.0) and found.dominant == "Restless"
    alive = np.flatnonzero(buffer.state == ALIVE)
    buffer.trait_bits[alive[::2]] = 1 << 3
    buffer.deactivated_bits[alive[:5]] = 1 << 3
    found = survey_traits(buffer, counts)
    assert found.dominant == "Clumsy" and 1.0 < found.diversity < 3.0
    rows = {row["name"]: row for row in found.traits}
    assert rows["Clumsy"]["carriers"] == len(alive) and rows["Clumsy"]["deactivated"] == 5
    assert rows["Hungry"]["carriers"] == len(alive) // 2
    assert survey_traits(open_world(make_world()).committed, counts).traits == ()


def test_events_of_a_period() -> None:
    """Every 300 ticks the event of traits stands beside telemetry, and only where there are any."""
    for given, expected in (((), 0), ((HUNGRY,), 1)):
        words = make_world(seed=2, entities=20, max_entities=40)
        for each in given:
            add(words, each)
        engine = engine_with(words, TraitLibrary([loaded(HUNGRY, lambda _scene, _who: None)]))
        for _ in range(300):
            engine.tick()
        events = read_events(words)
        assert [event["kind"] for event in events].count("world.traits") == expected
        (telemetry,) = [event for event in events if event["kind"] == "telemetry"]
        assert telemetry["dominant_trait"] == ("Hungry" if given else "")


def test_a_body_holds_no_more_than_it_can() -> None:
    """Where a lowered parameter lets a trait make a body too small, what is too much is spent."""
    words = stage(4)
    put(words, energy=80.0)

    def shrink(scene: Any, who: Any) -> None:
        scene.arrays["new_max_energy"][who] = 50.0

    add(words, RESTLESS)
    trait = loaded(RESTLESS, shrink, writes=frozenset({"max_energy"}))
    engine = engine_with(words, TraitLibrary([trait]))
    engine.tick()
    check_invariants(engine.world, 1)
    buffer = engine.world.committed
    assert buffer.energy.tolist() == [50.0] * 4 and buffer.real(columns.SPENT) == 120.0


def test_neighbours_are_found_where_nobody_has_a_body() -> None:
    """A trait may look for others in a world without bodies: the crowd is indexed for it."""
    words = make_world(seed=8, **{**BUSY, "body_radius": 0.0})
    seen: list[tuple[int, int]] = []

    def look(scene: Any, _who: Any) -> None:
        cells = scene.number("crowd_cols") * scene.number("crowd_rows")
        living = scene.arrays["crowd_starts"][cells]
        seen.append((int(living), int(np.count_nonzero(scene.arrays["x"] >= 0))))

    add(words, facts("Looker"))
    engine = engine_with(words, TraitLibrary([loaded(facts("Looker"), look)]))
    engine.tick()
    assert seen[0][0] == words.state(0, State.POPULATION)
    found = survey(False, engine.world.committed, new_tally(340, 500))
    assert found.unsound == 0
