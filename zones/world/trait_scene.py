"""The world of one tick as traits are given it: one scene for each way the buffers can lie.

Owns: which array and number of the world each word of the table is. Does not own: the words
(`zones/traits/table.py`), the words of the trait that runs (`trait_phase.py`).
"""

from typing import Final

import numpy as np

from zones.traits.scene import Scene
from zones.traits.table import INDEX, NUMBER, NUMBERS, SCRATCH_BYTES
from zones.world import parameters
from zones.world.bodies import largest_radius
from zones.world.carriers import Rota
from zones.world.columns import F64, U8, Buffer, World
from zones.world.scratch import Scratch

_OWN: Final = (
    "x", "y", "vx", "vy", "energy", "max_energy", "radius", "colour", "mood", "age",
)  # fmt: skip
_OTHERS: Final = (*_OWN, "generation", "id")
_FOOD_COLS: Final = INDEX["food_cols"]
_FOOD_ROWS: Final = INDEX["food_rows"]
_CROWD_COLS: Final = INDEX["crowd_cols"]
_CROWD_ROWS: Final = INDEX["crowd_rows"]


def make_scenes(world: World, scratch: Scratch, rota: Rota, parts: int) -> tuple[Scene, Scene]:
    """Return the scenes by the parity of the tick that is computed."""
    desk = np.zeros(parts * SCRATCH_BYTES, np.uint8)
    first, second = world.buffers
    even = _scene(world, second, first, scratch, rota, desk)
    return even, _scene(world, first, second, scratch, rota, desk)


def _scene(world: World, old: Buffer, new: Buffer, scratch: Scratch, rota: Rota, desk: U8) -> Scene:
    scene = Scene()
    for name in _OWN:
        scene.place_array(f"new_{name}", getattr(new, name))
    for name in _OTHERS:
        scene.place_array(name, getattr(old, name))
    # Place after place, as they lie in memory.
    scene.place_array("memory", new.trait_memory.T.reshape(-1))
    scene.place_array("ready", new.ready)
    for name in ("moved2", "wanted", "place", "traits", "fuel", "status"):
        scene.place_array(name, getattr(rota, name))
    scene.place_array("carriers", rota.runners)
    scene.place_array("food_starts", scratch.index.starts)
    scene.place_array("food_x", scratch.index.x)
    scene.place_array("food_y", scratch.index.y)
    scene.place_array("food_place", scratch.index.place)
    scene.place_array("food_amount", old.resource_amount)
    scene.place_array("place_x", old.resource_x)
    scene.place_array("place_y", old.resource_y)
    scene.place_array("crowd_starts", scratch.crowd.starts)
    scene.place_array("crowd_x", scratch.crowd.x)
    scene.place_array("crowd_y", scratch.crowd.y)
    scene.place_array("crowd_slot", scratch.crowd.slot)
    scene.place_array("scratch", desk)
    scene.place_number("places", world.extent.resources)
    scene.place_number("capacity", world.capacity)
    scene.set_real("width", world.extent.width)
    scene.set_real("height", world.extent.height)
    return scene


def set_tick(scene: Scene, scratch: Scratch, rules: F64, tick_key: int) -> None:
    """Write the numbers of one tick into a scene.

    A small world feels every single store: they are made in two lots.
    """
    cell, slack, cols, rows = scratch.shape
    crowd_cell, crowd_cols, crowd_rows = scratch.crowd_shape
    table = scene.table
    table[_FOOD_COLS], table[_FOOD_ROWS] = cols, rows
    table[_CROWD_COLS], table[_CROWD_ROWS] = crowd_cols, crowd_rows
    table[_TICK_KEY] = tick_key if tick_key < 1 << 63 else tick_key - (1 << 64)
    most, effect = rules[parameters.MAX_ENERGY], rules[parameters.GENE_EFFECT]
    span = 1.0 + 0.5 * float(effect)
    scene.numbers[_PARAMETERS] = rules[_RULES]
    # No trait makes a body larger than one can be born: so the grid of the crowd stays right.
    radius = np.float32(largest_radius(rules))
    scene.numbers[_LIMITS] = (float(most) * span * span, radius, cell, slack, crowd_cell)


_TICK_KEY: Final = INDEX["tick_key"]
_PARAMETERS: Final = slice(NUMBER["speed_max"], NUMBER["eat_bite"] + 1)
_RULES: Final = np.array(
    [parameters.SPEED_MAX, parameters.COST_SPEED, parameters.EAT_REACH, parameters.EAT_BITE]
)
_LIMITS: Final = slice(NUMBER["max_energy_limit"], NUMBER["crowd_cell"] + 1)
assert " ".join(NUMBERS[_PARAMETERS]) == "speed_max cost_speed eat_reach eat_bite"
assert " ".join(NUMBERS[_LIMITS]) == "max_energy_limit radius_limit food_cell food_slack crowd_cell"
