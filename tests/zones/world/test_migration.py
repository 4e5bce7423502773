"""A world of another build or size is brought over by names, both ways, and goes on alike."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from Kernel.contract.arena import STATE_BYTES, ArenaWords, Header, State, check_arena, plan_buffers
from Kernel.contract.errors import ArenaError
from tests.zones.world.worlds import check_invariants, living, make_world, run
from zones.runtime.arena_image import ArenaImage, copy_committed, write_into
from zones.world import columns
from zones.world.columns import COLUMNS, GENE_NAMES, World, open_world, plan_layout
from zones.world.inspection import find_damage
from zones.world.migration import migrate
from zones.world.parameters import FRICTION, MUTATION, PARAMETERS
from zones.world.world_hash import world_hash

DEFAULTS = tuple(parameter.default for parameter in PARAMETERS)


def image_after(ticks: int, **values: Any) -> ArenaImage:
    """Return the image of a small world after some ticks."""
    words = make_world(**{"seed": 3, "entities": 60, "max_entities": 90, **values})
    run(words, ticks)
    check_arena(words, "test")
    return copy_committed(words)


def arena_of(image: ArenaImage) -> ArenaWords:
    """Return an arena founded from an image, as this build would open it."""
    words = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
    write_into(words, image, bytes(16), 1)
    check_arena(words, "test")
    return words


def world_of(image: ArenaImage) -> World:
    """Return the world of an image, which must be sound."""
    words = arena_of(image)
    assert find_damage(words) == ""
    world = open_world(words)
    check_invariants(world, image.tick)
    return world


class Foreign:
    """An image as a build would have written it that lays its columns out otherwise."""

    def __init__(self, image: ArenaImage) -> None:
        self.image = image
        self.told = json.loads(image.schema)
        self.values = {
            told["name"]: np.frombuffer(
                image.buffer, told["type"], told["count"] * told["width"], told["offset"]
            ).reshape(told["width"], told["count"])
            for told in self.told["columns"]
        }
        self.state = bytearray(image.buffer[:STATE_BYTES])

    def column(self, name: str) -> dict[str, Any]:
        """Return what the schema tells of a column."""
        found: dict[str, Any] = next(told for told in self.told["columns"] if told["name"] == name)
        return found

    def built(self) -> ArenaImage:
        """Return the image, its columns laid one behind the other as the schema lists them."""
        place = STATE_BYTES
        parts = [bytes(self.state)]
        for told in self.told["columns"]:
            values = self.values[told["name"]].astype(told["type"])
            told["width"], told["count"] = values.shape
            told["offset"] = place
            data = values.tobytes()
            data += bytes(-len(data) % 64)
            parts.append(data)
            place += len(data)
        schema = json.dumps(self.told).encode()
        whole = b"".join(parts)
        buffer = bytearray(plan_buffers(len(schema), place - STATE_BYTES).buffer_bytes)
        buffer[: len(whole)] = whole
        return replace(self.image, schema=schema, schema_hash=b"f" * 32, buffer=buffer)


def test_another_order_of_columns_changes_nothing() -> None:
    """Columns elsewhere in the file: the same hash, now and fifty ticks later."""
    image = image_after(40)
    foreign = Foreign(image)
    foreign.told["columns"].reverse()
    moved, changes = migrate(foreign.built(), 90, DEFAULTS)
    assert (changes.added, changes.dropped, changes.reset) == ((), (), ())
    assert moved.schema_hash == image.schema_hash
    here, there = arena_of(image), arena_of(moved)
    assert world_hash(here) == world_hash(there)
    for words in (here, there):
        run(words, 50)
    assert world_hash(here) == world_hash(there)


def test_rows_that_lie_row_after_row_are_read_too() -> None:
    """A column that is not planar is told of as such, and its values come out the same."""
    image = image_after(5)
    foreign = Foreign(image)
    told = foreign.column("dna")
    built = foreign.built()
    rows = np.ascontiguousarray(foreign.values["dna"].T).tobytes()
    built.buffer[told["offset"] : told["offset"] + len(rows)] = rows
    told["planar"] = False
    built = replace(built, schema=json.dumps(foreign.told).encode())
    moved, _ = migrate(built, 90, DEFAULTS)
    assert world_hash(arena_of(moved)) == world_hash(arena_of(image))


@pytest.mark.parametrize(
    "column",
    [column.name for column in COLUMNS if column.default is not None and column.name != "touched"],
)
def test_new_column_gets_its_default_and_the_world_is_sound(column: str) -> None:
    """A world of a build that lacked a column that may be missing is a sound world here."""
    foreign = Foreign(image_after(30))
    foreign.told["columns"].remove(foreign.column(column))
    moved, changes = migrate(foreign.built(), 90, DEFAULTS)
    assert changes.added == (column,)
    words = arena_of(moved)
    assert find_damage(words) == ""
    world = open_world(words)
    default = next(each.default for each in COLUMNS if each.name == column)
    if not column.startswith("log_"):
        assert np.all(getattr(world.committed, column) == default)
    run(words, 5)


def test_vanished_column_is_dropped_and_named() -> None:
    """A newer build's column is left behind, and what it left in the state block is cleared."""
    image = image_after(10)
    foreign = Foreign(image)
    foreign.told["columns"].insert(0, {**foreign.column("vx"), "name": "smell", "hot": True})
    foreign.values["smell"] = foreign.values["vx"]
    foreign.state[columns.OWN_END : columns.OWN_END + 8] = b"\xff" * 8
    moved, changes = migrate(foreign.built(), 90, DEFAULTS)
    assert changes.dropped == ("smell",)
    assert moved.buffer[columns.OWN_END : columns.OWN_END + 8] == bytes(8)
    assert world_hash(arena_of(moved)) == world_hash(arena_of(image))


def test_types_that_can_hold_the_values_are_copied() -> None:
    """Wider numbers come back where they fit; where one does not, the default is said."""
    image = image_after(10)
    foreign = Foreign(image)
    foreign.column("x")["type"] = "<f8"
    foreign.column("generation")["type"] = "<i8"
    moved, changes = migrate(foreign.built(), 90, DEFAULTS)
    assert changes.reset == ()
    assert world_hash(arena_of(moved)) == world_hash(arena_of(image))
    foreign.values["generation"] = foreign.values["generation"].astype("<i8") + 2**40
    moved, changes = migrate(foreign.built(), 90, DEFAULTS)
    assert changes.reset == ("generation",)
    assert not world_of(moved).committed.generation.any()


def test_genes_go_by_name() -> None:
    """Genes in another order find their places; a new one is in the middle, a lost one goes."""
    image = image_after(10)
    foreign = Foreign(image)
    names = [*GENE_NAMES[2:], "courage", GENE_NAMES[0]]  # without "senses"
    old = foreign.values["dna"]
    spare = np.full((1, old.shape[1]), 0.25, old.dtype)
    foreign.values["dna"] = np.concatenate([old[2:], spare, old[:1]])
    grains = foreign.values["founder_dna"]
    foreign.values["founder_dna"] = np.concatenate([grains[2:], grains[:1], grains[:1]])
    foreign.told["genes"] = names
    moved, changes = migrate(foreign.built(), 90, DEFAULTS)
    assert set(changes.added) == {"gene senses"} and set(changes.dropped) == {"gene courage"}
    was, now = open_world(arena_of(image)).committed, world_of(moved).committed
    for place, name in enumerate(GENE_NAMES):
        wanted = np.float32(0.5) if name == "senses" else was.dna[:, place]
        assert np.array_equal(now.dna[:, place], np.broadcast_to(wanted, 90)), name


def test_parameters_go_by_name() -> None:
    """Parameters in another order keep their values; an unknown one takes that of the settings."""
    image = image_after(10, friction=0.5)
    foreign = Foreign(image)
    names = foreign.told["parameters"]
    kept = np.frombuffer(foreign.state, "<f8", 64, State.PARAMETERS)
    values = dict(zip(names, kept.tolist(), strict=False))
    foreign.told["parameters"] = [name for name in reversed(names) if name != "mutation"]
    kept[:] = 0
    kept[: len(names) - 1] = [values[name] for name in foreign.told["parameters"]]
    settings = list(DEFAULTS)
    settings[MUTATION] = 0.125
    moved, changes = migrate(foreign.built(), 90, tuple(settings))
    assert changes.added == ("parameter mutation",)
    found = world_of(moved).committed.parameters
    values["mutation"] = 0.125
    assert found[: len(PARAMETERS)].tolist() == [values[each.name] for each in PARAMETERS]
    assert found[FRICTION] == 0.5


def test_parameter_beyond_its_range_is_reset_and_said() -> None:
    """What an input could not have set is not brought over."""
    foreign = Foreign(image_after(2))
    np.frombuffer(foreign.state, "<f8", 64, State.PARAMETERS)[FRICTION] = 7.0
    moved, changes = migrate(foreign.built(), 90, DEFAULTS)
    assert changes.reset == ("parameter friction",)
    assert world_of(moved).committed.parameters[FRICTION] == DEFAULTS[FRICTION]


def test_scalars_go_by_name() -> None:
    """A word that the old schema tells of elsewhere is found there."""
    foreign = Foreign(image_after(30))
    words = np.frombuffer(foreign.state, "<i8", STATE_BYTES // 8)
    births = int(words[State.BIRTHS >> 3])
    words[State.BIRTHS >> 3], words[7000 >> 3] = 12345, births
    next(each for each in foreign.told["scalars"] if each["name"] == "births")["offset"] = 7000
    moved, _ = migrate(foreign.built(), 90, DEFAULTS)
    assert world_of(moved).committed.scalar(State.BIRTHS) == births


def test_growing_adds_free_slots_only() -> None:
    """A larger world is the same world with room; shrunk back, its hash is the old one."""
    image = image_after(40)
    grown, changes = migrate(image, 200, DEFAULTS)
    assert (changes.from_capacity, changes.to_capacity, changes.refused) == (90, 200, "")
    before, after = open_world(arena_of(image)), world_of(grown)
    assert after.capacity == 200 and after.extent.resources == before.extent.resources
    assert np.array_equal(living(before.committed), living(after.committed))
    back, _ = migrate(grown, 90, DEFAULTS)
    assert world_hash(arena_of(back)) == world_hash(arena_of(image))
    assert back.schema == image.schema
    words = arena_of(grown)
    run(words, 300)
    check_invariants(open_world(words), words.get(Header.COMMIT))


def test_shrinking_moves_the_living_up_in_their_order() -> None:
    """All who live fit into fewer slots: they keep their order, and everything they are."""
    image = image_after(120, min_population=0, age_max=200, founder_age_share=1.0)
    before = open_world(arena_of(image)).committed
    count = len(living(before))
    assert living(before)[-1] >= count, "somebody has to move"
    moved, changes = migrate(image, count, DEFAULTS)
    assert changes.refused == ""
    after = world_of(moved).committed
    for name in (*columns.HOT, *columns.COLD):
        assert np.array_equal(getattr(after, name), getattr(before, name)[living(before)]), name
    assert after.scalar(State.FREE_COUNT) == 0


def test_shrinking_below_the_living_is_refused() -> None:
    """A world that does not fit keeps its size, and it is said with both numbers."""
    image = image_after(10)
    moved, changes = migrate(image, 5, DEFAULTS)
    assert "cannot give the world 5 slots" in changes.refused and "keeps its 90" in changes.refused
    assert moved.capacity == 90 and changes.to_capacity == 90
    assert world_hash(arena_of(moved)) == world_hash(arena_of(image))


@pytest.mark.parametrize("column", [column.name for column in COLUMNS if column.default is None])
def test_no_world_without_what_it_needs(column: str) -> None:
    """A world without one of these columns is refused by the column's name."""
    foreign = Foreign(image_after(1))
    foreign.told["columns"].remove(foreign.column(column))
    with pytest.raises(ArenaError, match="cannot migrate a world"):
        migrate(foreign.built(), 90, DEFAULTS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("type", "O"), ("type", "<f16"), ("type", 5), ("offset", -1), ("offset", 0),
        ("offset", 2**60), ("count", 2**40), ("count", "9"), ("width", 0), ("width", 2**30),
        ("offset", None), ("name", "y"),
    ],
)  # fmt: skip
def test_damaged_schema_is_refused(key: str, value: object) -> None:
    """Whatever a schema says of a column, nothing outside the buffer is read."""
    image = image_after(1)
    told = json.loads(image.schema)
    told["columns"][0][key] = value
    with pytest.raises(ArenaError, match="cannot migrate a world"):
        migrate(replace(image, schema=json.dumps(told).encode()), 90, DEFAULTS)


@pytest.mark.parametrize("key", ["columns", "parameters", "genes", "scalars", "capacity"])
@pytest.mark.parametrize("value", [None, 3, [1], {"a": 1}, [{"name": "x"}]])
def test_schema_of_another_form_is_refused(key: str, value: object) -> None:
    """A schema that is no schema ends in an error of the tree, not in a traceback."""
    image = image_after(0)
    told = json.loads(image.schema)
    told[key] = value
    try:
        migrate(replace(image, schema=json.dumps(told).encode()), 90, DEFAULTS)
    except ArenaError:
        return
    assert key in ("parameters", "genes"), "names that are unknown here are merely dropped"


def test_what_was_done_is_said() -> None:
    """The event and the sentence name both schemas, both sizes and what changed."""
    foreign = Foreign(image_after(10))
    foreign.told["columns"].remove(foreign.column("colour"))
    _, changes = migrate(foreign.built(), 120, DEFAULTS)
    event = changes.event()
    assert event["kind"] == "world.migrated" and event["tick"] == 10
    assert event["from_schema"] == (b"f" * 32).hex()[:12]
    assert event["to_schema"] == columns.schema_hash().hex()[:12]
    assert (event["from_capacity"], event["to_capacity"]) == (90, 120)
    assert event["added"] == ["colour"]
    assert "added colour" in changes.sentence() and "120 slots instead of 90" in changes.sentence()


def test_defaults_agree_with_the_parameters_they_stand_for() -> None:
    """A body without a size of its own is of middle size."""
    defaults = {column.name: column.default for column in COLUMNS}
    known = {parameter.name: parameter.default for parameter in PARAMETERS}
    assert defaults["radius"] == known["body_radius"]
    assert defaults["max_energy"] == known["max_energy"]
    assert plan_layout(open_world(make_world()).extent).schema_hash == columns.schema_hash()
