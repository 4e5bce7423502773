"""The rules of the bench world in plain Python, for the peers; runs in the peers' Python.

Owns: what a Molbot does with the food it senses, so that both Mesa models do the same. Does not
own: finding that food, which is what the models differ in.
"""

import json
import math
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters of the world by the names of `config/world.yaml`, and how long to measure."""

    entities: int
    side: float
    ticks: int
    budget_s: float
    friction: float
    resource_spawn_rate: float
    sense_radius: float
    speed_max: float
    eat_reach: float
    eat_bite: float
    resource_max: float
    resource_ripe: float
    cost_base: float
    cost_speed: float
    birth_energy: float
    birth_age: float
    birth_spread: float
    age_max: float


class Food:
    """One place where food grows."""

    def __init__(self, rules: Rules, generator: random.Random) -> None:
        self.x = generator.random() * rules.side
        self.y = generator.random() * rules.side
        self.amount = generator.random() * rules.resource_max

    def grow(self, rules: Rules) -> None:
        """Grow by one tick."""
        self.amount = min(self.amount + rules.resource_spawn_rate, rules.resource_max)


class Body:
    """What a Molbot is, apart from how it senses."""

    def place(self, rules: Rules, x: float, y: float, energy: float) -> None:
        """Begin a life at a place."""
        self.x = min(max(x, 0.0), rules.side)
        self.y = min(max(y, 0.0), rules.side)
        self.vx = self.vy = 0.0
        self.energy = energy
        self.age = 0
        self.alive = True

    def live(self, rules: Rules, food: Food | None, generator: random.Random) -> bool:
        """Steer to the food, move, pay, eat and age; return whether a child is due."""
        want_x = want_y = 0.0
        near = False
        if food is not None:
            dx, dy = food.x - self.x, food.y - self.y
            distance = math.sqrt(dx * dx + dy * dy)
            if distance > 0:
                scale = min(rules.speed_max, distance) / distance
                want_x, want_y = dx * scale, dy * scale
            near = distance <= rules.eat_reach
        else:
            want_x = rules.speed_max * (generator.random() - 0.5)
            want_y = rules.speed_max * (generator.random() - 0.5)
        kept = rules.friction
        self.vx = self.vx * kept + want_x * (1 - kept)
        self.vy = self.vy * kept + want_y * (1 - kept)
        self.energy -= rules.cost_base + rules.cost_speed * (want_x * want_x + want_y * want_y)
        self.x = min(max(self.x + self.vx, 0.0), rules.side)
        self.y = min(max(self.y + self.vy, 0.0), rules.side)
        self.age += 1
        if near and food is not None:
            meal = min(rules.eat_bite, food.amount, 100.0 - self.energy)
            self.energy += meal
            food.amount -= meal
        self.alive = self.energy > 0 and self.age <= rules.age_max
        return self.alive and self.energy >= rules.birth_energy and self.age >= rules.birth_age


def measure(make: Callable[[Rules], Callable[[], None]]) -> None:
    """Make a model from the rules in argv, time its ticks until the budget is spent, print JSON."""
    rules = Rules(**json.loads(sys.argv[1]))
    started = time.perf_counter()
    step = make(rules)
    founded_s = time.perf_counter() - started
    ticks_ms: list[float] = []
    while len(ticks_ms) < rules.ticks and time.perf_counter() - started < rules.budget_s:
        begun = time.perf_counter()
        step()
        ticks_ms.append((time.perf_counter() - begun) * 1e3)
    print(json.dumps({"ticks_ms": ticks_ms, "founded_s": founded_s}))
