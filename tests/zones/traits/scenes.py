"""Scenes without a world: what traits are run on in tests.

The indexes are made by the world's own kernels, so the layout is the one that traits meet there.
"""

import numpy as np

from zones.runtime import random_streams
from zones.traits.contract import ALIVE_MOOD, MOODS, SLOTS
from zones.traits.scene import Scene
from zones.traits.table import SCRATCH_BYTES, WORDS
from zones.world.columns import ALIVE, FREE
from zones.world.crowd import index_crowd, new_crowd, plan_crowd
from zones.world.grid import cells_of, coarsen, index_food, new_index, plan_grid, row_starts

RIPE = np.float32(5.0)
"""Places with less are not ripe, and not in the index."""
SIGHT = 50.0
"""Distance that the grid of food is made for."""
COPIED = ("x", "y", "vx", "vy", "energy", "max_energy", "radius", "colour", "mood", "age")
"""Columns that are there twice: committed, and as `new_` as the tick has made them so far."""
NUMBERS = {
    "speed_max": 2.0,
    "cost_speed": 0.013,
    "eat_reach": 3.0,
    "eat_bite": 5.0,
    "max_energy_limit": 1000.0,
    "radius_limit": 50.0,
}


class Stage(Scene):
    """A scene that knows what tests ask about.

    Attributes:
        living: slots of all who live, in the order of their ids: the first of `carriers`.
        ripe: numbers of the ripe places.
    """

    living: np.ndarray
    ripe: list[int]

    def place_at(self, number: int) -> tuple[float, float]:
        """Return where a place is."""
        return float(self.arrays["place_x"][number]), float(self.arrays["place_y"][number])


def make_scene(
    seed: int = 1,
    entities: int = 50,
    places: int = 80,
    width: float = 400.0,
    height: float = 400.0,
    slot: int = 1,
    fuel_max: int = 50_000,
    memory: int = 32,
    *,
    tick: int = 100,
    free: int = 7,
    parts: int = 2,
    positions: tuple[object, object] | None = None,
    food: tuple[object, object, object] | None = None,
    names: tuple[str, ...] = ("", "Explorer", "Predator"),
    moods: tuple[str, ...] = (ALIVE_MOOD, "hunting", "fleeing"),
    bodies: float = 4.0,
) -> Stage:
    """Return a scene of one tick, like that of a world after its phase `behave`.

    Of the carriers all living are listed, in the order of their ids. Scratch is for `parts` parts.

    Args:
        slot: trait slot of the trait that runs; `memory_first` is 0.
        memory: places of the trait memory, of 8 bytes for each entity.
        free: slots without an entity, among the others; `capacity` is entities + free.
        positions: (x, y) of the entities instead of random ones.
        food: (x, y, amount) of the places instead of random ones; they are sorted by cell.
        names: of the traits by slot; everyone carries some of them. `masks` has one word for each.
        moods: names by mood code; `scene.moods` lists the codes of all.
        bodies: largest radius.
    """
    rng = np.random.default_rng(seed)
    scene = Stage()
    capacity = entities + free
    living = np.sort(rng.permutation(capacity)[:entities]).astype(np.int32)
    columns = _columns(rng, capacity, width, height, bodies, len(names), len(moods))
    if positions is not None:
        columns["x"][living], columns["y"][living] = positions
    for name, values in columns.items():
        scene.place_array(name, values)
    scene.living = living[np.argsort(columns["id"][living])]
    _advance(scene, rng, width, height)
    _place_food(scene, rng, places, width, height, food)
    _place_crowd(scene, width, height, bodies)
    _place_run(scene, slot, fuel_max, memory, parts)
    scene.place_array("moods", np.arange(len(moods), dtype=np.uint8))
    scene.place_array("masks", np.array([bool(n) << k for k, n in enumerate(names)], np.uint64))
    scene.place_number("tick_key", int(random_streams.tick_key(seed, tick)))
    for name, value in {"width": width, "height": height, **NUMBERS}.items():
        scene.set_real(name, value)
    scene.names = (*names, *("",) * (SLOTS - len(names)))
    scene.mood_names = (*moods, *("",) * (MOODS - len(moods)))
    scene.seed_tick = (seed, tick)
    assert scene.arrays.keys() == {word.name for word in WORDS if word.dtype}
    return scene


def _columns(rng, capacity, width, height, bodies, names, moods):  # type: ignore[no-untyped-def]
    """Return random committed columns, plausible ones in free slots too."""
    side = np.array([width, height], np.float32)[:, None]
    x, y = np.minimum(rng.random((2, capacity), np.float32) * side, side)
    most = rng.uniform(60, 140, capacity).astype(np.float32)
    return {
        "x": x.copy(),
        "y": y.copy(),
        "vx": rng.uniform(-2, 2, capacity).astype(np.float32),
        "vy": rng.uniform(-2, 2, capacity).astype(np.float32),
        "energy": (most * rng.uniform(0.05, 1, capacity).astype(np.float32)),
        "max_energy": most,
        "radius": rng.uniform(0.25 * bodies, bodies, capacity).astype(np.float32),
        "colour": rng.integers(0, 1 << 24, capacity, np.uint32),
        "mood": rng.integers(0, moods, capacity, np.uint8),
        "age": rng.integers(0, 6000, capacity, np.int32),
        "generation": rng.integers(0, 40, capacity, np.int32),
        "id": rng.permutation(10 * capacity + 1)[:capacity].astype(np.int64) + 1,
        "traits": rng.integers(0, 1 << max(names - 1, 0), capacity, np.uint64) << np.uint64(1),
    }


def _advance(scene: Scene, rng: np.random.Generator, width: float, height: float) -> None:
    """Let the `new_` columns be those of a tick in which everyone has moved, paid and aged."""
    for name in COPIED:
        scene.place_array("new_" + name, scene.arrays[name].copy())
    new = {name: scene.arrays["new_" + name] for name in COPIED}
    for at, speed, side in (("x", "vx", width), ("y", "vy", height)):
        new[speed] += rng.uniform(-0.2, 0.2, len(new[speed])).astype(np.float32)
        np.clip(new[at] + new[speed], np.float32(0), np.float32(side), out=new[at])
    new["energy"] -= np.float32(0.05)
    np.maximum(new["energy"], np.float32(0), out=new["energy"])
    new["age"] += 1


def _place_food(scene, rng, places, width, height, food):  # type: ignore[no-untyped-def]
    """Store places by fine cell and index the ripe ones, as `Engine._index_food` does."""
    if food is None:
        x = rng.uniform(0, width, places)
        y = rng.uniform(0, height, places)
        food = x, y, rng.uniform(0, 20, places)
    x, y, amount = (np.asarray(values, np.float32) for values in food)
    grid = plan_grid(width, height, max(len(x), 1))
    order = np.argsort(cells_of(x, y, grid), kind="stable")
    x, y, amount = x[order], y[order], amount[order]
    index = new_index(grid, len(x))
    index.x[:] = np.nan  # what an earlier tick left behind must not be read
    factor = coarsen(grid, int(np.count_nonzero(amount >= RIPE)), width * height, SIGHT)
    cols, rows = -(-grid.cols // factor), -(-grid.rows // factor)
    cell = np.float32(grid.cell * factor)
    index_food(False, factor, cols, rows, cell, row_starts(x, y, grid), (x, y, amount), RIPE, index)
    scene.place_array("food_starts", index.starts)
    scene.place_array("food_x", index.x)
    scene.place_array("food_y", index.y)
    scene.place_array("food_place", index.place)
    scene.place_array("food_amount", amount)
    scene.place_number("food_cols", cols)
    scene.place_number("food_rows", rows)
    scene.place_number("places", len(x))
    scene.set_real("food_cell", float(cell))
    scene.set_real("food_slack", float(np.float32(1e-3 * cell + 1e-6 * max(width, height))))
    scene.ripe = np.flatnonzero(amount >= RIPE).tolist()
    scene.place_array("place_x", x)
    scene.place_array("place_y", y)


def _place_crowd(scene, width, height, bodies):  # type: ignore[no-untyped-def]
    """Index the living, as `Engine._index_crowd` does."""
    x, y = scene.arrays["x"], scene.arrays["y"]
    state = np.full(len(x), FREE, np.uint8)
    state[scene.living] = ALIVE
    crowd = new_crowd(len(x), 1)
    shape = plan_crowd(width, height, len(scene.living), 2.0 * bodies, crowd.counts.shape[1] - 1)
    index_crowd(1, x, y, state, shape, crowd)
    scene.place_array("crowd_starts", crowd.starts)
    scene.place_array("crowd_x", crowd.x)
    scene.place_array("crowd_y", crowd.y)
    scene.place_array("crowd_slot", crowd.slot)
    scene.place_number("crowd_cols", shape.cols)
    scene.place_number("crowd_rows", shape.rows)
    scene.set_real("crowd_cell", float(shape.cell))


def _place_run(scene, slot, fuel_max, memory, parts):  # type: ignore[no-untyped-def]
    """Place the trait that runs, and what the trait phase begins with."""
    capacity, count = len(scene.arrays["x"]), len(scene.living)
    scene.place_number("slot", slot)
    scene.place_number("fuel_max", fuel_max)
    scene.place_number("memory_first", 0)
    scene.place_number("capacity", capacity)
    scene.place_array("memory", np.zeros(memory * capacity, np.int64))
    scene.place_array("ready", np.zeros(capacity, np.uint64))
    scene.place_array("moved2", np.zeros(capacity))
    scene.place_array("wanted", np.zeros(capacity, np.float32))
    scene.place_array("place", np.full(capacity, -1, np.int32))
    carriers = np.zeros(capacity, np.int32)
    carriers[:count] = scene.living
    scene.place_array("carriers", carriers)
    scene.place_array("fuel", np.zeros(capacity, np.uint32))
    scene.place_array("status", np.zeros(capacity, np.uint8))
    scene.place_array("scratch", np.zeros(parts * SCRATCH_BYTES, np.uint8))
