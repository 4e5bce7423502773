"""The bench world in idiomatic Mesa: agents on a discrete space that look around their cell.

Food stands in cells of an OrthogonalMooreGrid; a Molbot walks through the neighbourhood of its
cell, ring after ring, as Mesa's own examples do. The cell is sized for about eight places (50 at
most), which is the fastest here: smaller cells spend their time in neighbourhoods, larger in food.
"""

import math
import random
import sys
from collections.abc import Callable
from pathlib import Path

import mesa
from mesa.discrete_space import Cell, FixedAgent, OrthogonalMooreGrid

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.bench.peers.world_rules import Body, Food, Rules, measure

PLACES_PER_CELL = 8


class FoodAgent(FixedAgent):
    """A place of food in a cell."""

    def __init__(self, model: "World", food: Food) -> None:
        super().__init__(model)
        self.food = food
        self.cell = model.cell_at(food.x, food.y)


class Molbot(mesa.Agent, Body):
    """An agent that lives by the rules."""

    def __init__(self, model: "World", x: float, y: float, energy: float) -> None:
        super().__init__(model)
        self.place(model.rules, x, y, energy)

    def step(self) -> None:
        """Live one tick."""
        model = self.model
        bears = self.live(model.rules, self.sense(), model.generator)
        if not self.alive:
            self.remove()
        elif bears and model.molbot_count() < model.rules.entities:
            spread = model.rules.birth_spread
            self.energy /= 2
            Molbot(
                model,
                self.x + model.generator.uniform(-spread, spread),
                self.y + model.generator.uniform(-spread, spread),
                self.energy,
            )

    def sense(self) -> Food | None:
        """Return the nearest ripe food within the sense radius."""
        model = self.model
        cell = model.cell_at(self.x, self.y)
        best, best_d2 = None, model.rules.sense_radius**2
        for ring in range(1, model.rings + 1):
            for near in cell.get_neighborhood(radius=ring, include_center=True):
                for agent in near.agents:
                    food = agent.food
                    if food.amount >= model.rules.resource_ripe:
                        d2 = (food.x - self.x) ** 2 + (food.y - self.y) ** 2
                        if d2 < best_d2:
                            best, best_d2 = food, d2
            if best is not None and best_d2 <= ((ring - 0.5) * model.side) ** 2:
                break
        return best


class World(mesa.Model):
    """Food on a grid of cells, and Molbots."""

    def __init__(self, rules: Rules) -> None:
        super().__init__(seed=1)
        self.rules = rules
        self.generator = random.Random(1)
        area = rules.side**2
        self.side = min(math.sqrt(area * PLACES_PER_CELL / rules.entities), rules.sense_radius)
        self.cells = int(rules.side / self.side) + 1
        self.rings = math.ceil(rules.sense_radius / self.side)
        self.grid = OrthogonalMooreGrid((self.cells, self.cells), torus=False, random=self.random)
        self.places = [
            FoodAgent(self, Food(rules, self.generator)).food for _ in range(rules.entities)
        ]
        for _ in range(rules.entities):
            x, y = (self.generator.random() * rules.side for _ in range(2))
            Molbot(self, x, y, 50.0)

    def cell_at(self, x: float, y: float) -> Cell:
        """Return the cell of a point."""
        return self.grid[(int(x / self.side), int(y / self.side))]

    def molbot_count(self) -> int:
        """Return how many Molbots live."""
        return len(self.agents_by_type[Molbot])

    def step(self) -> None:
        """Run one tick: Molbots in random order, then the food grows."""
        self.agents_by_type[Molbot].shuffle_do("step")
        for food in self.places:
            food.grow(self.rules)


def make(rules: Rules) -> Callable[[], None]:
    """Return the step of a new model."""
    return World(rules).step


if __name__ == "__main__":
    measure(make)
