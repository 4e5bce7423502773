"""The bench world in hand-tuned Mesa: all Molbots sense by one KD-tree query a tick.

The tree is built over the ripe food of the tick; the rest stays Python objects, as it must in
Mesa. Food grows as one array.
"""

import random
import sys
from collections.abc import Callable
from pathlib import Path

import mesa
import numpy as np
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.bench.peers.world_rules import Body, Food, Rules, measure


class Molbot(mesa.Agent, Body):
    """An agent that lives by the rules."""

    def __init__(self, model: "World", x: float, y: float, energy: float) -> None:
        super().__init__(model)
        self.place(model.rules, x, y, energy)


class World(mesa.Model):
    """Food as objects that a KD-tree finds, and Molbots."""

    def __init__(self, rules: Rules) -> None:
        super().__init__(seed=1)
        self.rules = rules
        self.generator = random.Random(1)
        self.places = [Food(rules, self.generator) for _ in range(rules.entities)]
        self.points = np.array([(food.x, food.y) for food in self.places])
        for _ in range(rules.entities):
            x, y = (self.generator.random() * rules.side for _ in range(2))
            Molbot(self, x, y, 50.0)

    def step(self) -> None:
        """Run one tick: one query for all, then each Molbot lives, then the food grows."""
        rules, generator, places = self.rules, self.generator, self.places
        molbots = list(self.agents)
        ripe = [n for n, food in enumerate(places) if food.amount >= rules.resource_ripe]
        nearest = [len(ripe)] * len(molbots)
        if ripe and molbots:
            where = np.array([(molbot.x, molbot.y) for molbot in molbots])
            tree = cKDTree(self.points[ripe])
            _, found = tree.query(where, distance_upper_bound=rules.sense_radius, workers=-1)
            nearest = found.tolist()
        living = len(molbots)
        for molbot, number in zip(molbots, nearest, strict=True):
            food = places[ripe[number]] if number < len(ripe) else None
            bears = molbot.live(rules, food, generator)
            if not molbot.alive:
                molbot.remove()
                living -= 1
            elif bears and living < rules.entities:
                spread = rules.birth_spread
                molbot.energy /= 2
                x = molbot.x + generator.uniform(-spread, spread)
                y = molbot.y + generator.uniform(-spread, spread)
                Molbot(self, x, y, molbot.energy)
                living += 1
        for food in places:
            food.grow(rules)


def make(rules: Rules) -> Callable[[], None]:
    """Return the step of a new model."""
    return World(rules).step


if __name__ == "__main__":
    measure(make)
