"""A Molbot as a plain Python object, with the entity API of traits and nothing of ours beneath.

Owns: what the peers of the traits bench run their traits on. Others and food are found through a
dictionary of cells, as a program of this kind would do it; scanning all of them is no peer.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

CELL = 50.0
SPEED_MAX = 2.0
COST_SPEED = 0.013
REACH = 3.0
BITE = 5.0


class Trait:
    """What the traits of the peers derive from."""


class Placed(Protocol):
    """Whatever has a place."""

    x: float
    y: float


@dataclass(slots=True)
class Food:
    """A place where food grows."""

    x: float
    y: float
    amount: float


@dataclass(slots=True)
class Ground:
    """The world around the entities.

    Args:
        entities, foods: by cell, renewed once a tick.
    """

    width: float
    height: float
    entities: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    foods: dict[tuple[int, int], list[Any]] = field(default_factory=dict)

    def renew(self, entities: Iterable["Entity"], foods: Iterable[Food]) -> None:
        """Sort all of them into cells."""
        self.entities, self.foods = _sorted(entities), _sorted(foods)


def _sorted(things: Iterable[Placed]) -> dict[tuple[int, int], list[Placed]]:
    cells = defaultdict(list)
    for thing in things:
        cells[int(thing.x // CELL), int(thing.y // CELL)].append(thing)
    return cells


@dataclass(slots=True, eq=False)
class Entity:
    """One Molbot."""

    ground: Ground
    id: str
    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
    energy: float = 50.0
    max_energy: float = 100.0
    radius: float = 4.0
    age: int = 0
    generation: int = 0
    color: str = "#808080"
    state: str = "alive"
    traits: Sequence[str] = ()

    def move(self, dx: float, dy: float) -> None:
        """Go that far, not beyond the walls, and pay for it."""
        d2 = dx * dx + dy * dy
        if d2 > SPEED_MAX * SPEED_MAX:
            scale = SPEED_MAX / math.sqrt(d2)
            dx, dy, d2 = dx * scale, dy * scale, SPEED_MAX * SPEED_MAX
        self.x = min(max(self.x + dx, 0.0), self.ground.width)
        self.y = min(max(self.y + dy, 0.0), self.ground.height)
        self.energy = max(self.energy - COST_SPEED * d2, 0.0)

    def eat(self, amount: float) -> float:
        """Take what the nearest place in reach has."""
        near = self.nearby_resources(REACH + self.radius)
        if not near or not amount > 0.0:
            return 0.0
        taken = min(amount, BITE, near[0].amount, self.max_energy - self.energy)
        near[0].amount -= taken
        self.energy += taken
        return taken

    def nearby_entities(self, radius: float) -> list["Entity"]:
        """Return the others within a radius, the nearest first."""
        return [other for other in self._near(self.ground.entities, radius) if other is not self]

    def nearby_resources(self, radius: float) -> list[Food]:
        """Return the food within a radius, the nearest first."""
        return self._near(self.ground.foods, radius)

    def _near(self, cells: dict[tuple[int, int], list[Any]], radius: float) -> list[Any]:
        found = [
            ((thing.x - self.x) ** 2 + (thing.y - self.y) ** 2, number, thing)
            for number, thing in enumerate(self._around(cells, radius))
        ]
        limit = radius * radius
        return [thing for d2, _, thing in sorted(found) if d2 <= limit]

    def _around(self, cells: dict[tuple[int, int], list[Any]], radius: float) -> Iterator[Any]:
        cols = range(int((self.x - radius) // CELL), int((self.x + radius) // CELL) + 1)
        rows = range(int((self.y - radius) // CELL), int((self.y + radius) // CELL) + 1)
        for col in cols:
            for row in rows:
                yield from cells.get((col, row), ())


def make_peers(
    seed: int, entities: int, foods: int, width: float, height: float
) -> tuple[Ground, list[Entity]]:
    """Return a world of random entities."""
    dice = random.Random(seed)
    ground = Ground(width, height)
    living = [
        Entity(
            ground,
            str(number),
            dice.uniform(0.0, width),
            dice.uniform(0.0, height),
            dice.uniform(-1.0, 1.0),
            dice.uniform(-1.0, 1.0),
            dice.uniform(10.0, 90.0),
            age=dice.randrange(6000),
            generation=dice.randrange(9),
        )
        for number in range(entities)
    ]
    growing = [
        Food(dice.uniform(0.0, width), dice.uniform(0.0, height), dice.uniform(5.0, 20.0))
        for _ in range(foods)
    ]
    ground.renew(living, growing)
    return ground, living


def load_trait(source: str) -> type:
    """Return the class of a trait, run as an ordinary module: trusted sources only."""
    names: dict[str, Any] = {"__name__": "trait", "Trait": Trait}
    exec(compile(source, "trait.py", "exec"), names)
    return next(
        value
        for value in names.values()
        if isinstance(value, type) and issubclass(value, Trait) and value is not Trait
    )
