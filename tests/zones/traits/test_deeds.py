"""Stores, moves and meals of a trait are those of plain Python, to the last bit."""

import math
import struct

import numpy as np
import pytest

from tests.zones.traits import deed_model as model
from tests.zones.traits.scenes import Stage, make_scene
from zones.traits.contract import SPEED_LIMIT
from zones.traits.interpreted import InterpretedTrait
from zones.traits.native.compiling import make_native
from zones.traits.reading import check_source

SOURCE = """
class Deeds(Trait):
    def __init__(self):
        self.vx = 0.0
        self.energy = 0.0
        self.dx = 0.0
        self.dy = 0.0
        self.energy_after = 0.0
        self.most = 0.0
        self.radius = 0.0
        self.x = 0.0
        self.bite = 0.0
        self.second_bite = 0.0

    async def execute(self, entity):
        entity.vx = self.vx
        entity.energy = self.energy
        entity.move(self.dx, self.dy)
        entity.energy = self.energy_after
        entity.max_energy = self.most
        entity.radius = self.radius
        entity.x = self.x
        self.bite = entity.eat(self.bite)
        self.second_bite = entity.eat(self.second_bite)
        # What is only set in __init__ would be a constant, not read from the memory.
        self.vx, self.energy, self.dx, self.dy = self.vx, self.energy, self.dx, self.dy
        self.energy_after, self.most = self.energy_after, self.most
        self.radius, self.x = self.radius, self.x
"""
ODD = (0.0, -0.0, 1e-50, -1e-50, 50.0, -50.0, 50.000001, 3e38, 1e300, -1e300, math.inf, -math.inf,
       math.nan, 400.0, 1e-45)  # fmt: skip
WIDTH = 120.0


def some_numbers(rng: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """Return numbers of all sorts, float32 and beyond, with one in twelve odd."""
    numbers = rng.normal(0, spread, count) * 10.0 ** rng.integers(-3, 2, count)
    return np.where(rng.random(count) < 1 / 12, rng.choice(ODD, count), numbers)


def expected(stage: Stage, slot: int, numbers: dict[str, float]) -> dict[str, float]:
    """Return what the fields of one entity and its memory are after the deeds."""
    own = {
        name: float(stage.arrays[f"new_{name}"][slot])
        for name in ("x", "y", "vx", "energy", "max_energy", "radius")
    }
    clips, ceiling, moved2 = [], own["energy"], 0.0

    def move(dx: float, dy: float) -> None:
        nonlocal ceiling, moved2
        speed2, cost = stage.real("speed_max") ** 2, stage.real("cost_speed")
        own["x"], own["y"], own["energy"], ceiling, moved2, status = model.move(
            own["x"], own["y"], own["energy"], ceiling, moved2, dx, dy, WIDTH, WIDTH, speed2, cost
        )
        clips.append(status)

    def store(name: str, value: float, low: float, high: float) -> None:
        own[name], status = model.store_between(value, own[name], low, high)
        clips.append(status)

    store("vx", numbers["vx"], -SPEED_LIMIT, SPEED_LIMIT)
    own["energy"], status = model.store_energy(numbers["energy"], own["energy"], ceiling)
    clips.append(status)
    move(numbers["dx"], numbers["dy"])
    own["energy"], status = model.store_energy(numbers["energy_after"], own["energy"], ceiling)
    clips.append(status)
    store("max_energy", numbers["most"], own["energy"], stage.real("max_energy_limit"))
    store("radius", numbers["radius"], 0.0, stage.real("radius_limit"))
    move(numbers["x"] - own["x"], 0.0)
    place, wanted = -1, 0.0
    eaten = []
    for name in ("bite", "second_bite"):
        bite, place, wanted, status = model.eat(
            stage, place, wanted, numbers[name],
            own["x"], own["y"], own["radius"], own["energy"], own["max_energy"],
        )  # fmt: skip
        eaten.append(bite)
        clips.append(status)
    first = next((status for status in clips if status), 0)
    return own | {
        "moved2": moved2, "place": place, "wanted": wanted, "status": first,
        "bite": eaten[0], "second_bite": eaten[1],
    }  # fmt: skip


def bits(value: float) -> bytes:
    """Return the bits of a number as a float64."""
    return struct.pack("<d", float(value))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tier", [InterpretedTrait, make_native])
def test_deeds_are_those_of_the_model(tier, seed: int) -> None:  # type: ignore[no-untyped-def]
    """Fields, intents, what eat returns and the status are as the contract says."""
    checked = check_source(SOURCE.encode())
    trait = tier(checked)
    stage = make_scene(seed, 300, 300, WIDTH, WIDTH)
    stage.set_real("eat_bite", 12.0)  # so that some places have less
    rng, capacity = np.random.default_rng(seed), stage.number("capacity")
    names = [attribute.name for attribute in checked.attributes]
    memory = stage.arrays["memory"].view(np.float64).reshape(-1, capacity)
    spreads = {"energy": 90.0, "energy_after": 90.0, "most": 120.0, "dx": 2.0, "dy": 2.0, "x": 60.0}
    for row, name in enumerate(names):
        memory[row] = some_numbers(rng, capacity, spreads.get(name, 20.0))
    stage.arrays["ready"][:] = 1 << stage.number("slot")
    wanted = [
        expected(stage, slot, {name: float(memory[row, slot]) for row, name in enumerate(names)})
        for slot in stage.living.tolist()
    ]
    trait.run(stage, len(stage.living))
    for k, (slot, one) in enumerate(zip(stage.living.tolist(), wanted, strict=True)):
        found = {name: stage.arrays[name][slot] for name in ("moved2", "place", "wanted")}
        found |= {name: memory[names.index(name), slot] for name in ("bite", "second_bite")}
        found["status"] = stage.arrays["status"][k]
        for name in ("x", "y", "vx", "energy", "max_energy", "radius"):
            found[name] = stage.arrays[f"new_{name}"][slot]
        for name, value in one.items():
            assert bits(found[name]) == bits(value), (slot, name, found[name], value)
