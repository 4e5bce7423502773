from dataclasses import dataclass
import math


@dataclass
class Vec:
    x: float
    y: float

    def length(self) -> float:
        return math.hypot(self.x, self.y)

    def scaled(self, factor: float) -> "Vec":
        return Vec(self.x * factor, self.y * factor)

    def __add__(self, other: "Vec") -> "Vec":
        return Vec(self.x + other.x, self.y + other.y)


class DataclassVector(Trait):
    """Vector arithmetic with a little helper class."""

    async def execute(self, entity):
        force = Vec(0.0, 0.0)
        for other in entity.nearby_entities(30.0):
            away = Vec(entity.x - other.x, entity.y - other.y)
            size = away.length()
            if size > 0:
                force = force + away.scaled(1.0 / size)
        entity.vx += force.x * 0.1
        entity.vy += force.y * 0.1
