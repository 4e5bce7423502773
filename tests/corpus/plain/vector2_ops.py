from __future__ import annotations
import math
from dataclasses import dataclass

@dataclass(frozen=True, slots=True, order=True)
class Vector2:
    x: float = 0.0
    y: float = 0.0
    def __add__(self, other: Vector2) -> Vector2:
        return Vector2(self.x + other.x, self.y + other.y)
    def __sub__(self, other: Vector2) -> Vector2:
        return Vector2(self.x - other.x, self.y - other.y)
    def __mul__(self, k: float) -> Vector2:
        return Vector2(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __neg__(self) -> Vector2:
        return Vector2(-self.x, -self.y)
    def __truediv__(self, k: float) -> Vector2:
        return Vector2(self.x / k, self.y / k)
    def __iter__(self):
        yield self.x
        yield self.y
    def __abs__(self) -> float:
        return math.hypot(self.x, self.y)
    def __bool__(self) -> bool:
        return self.x != 0.0 or self.y != 0.0
    @property
    def unit(self) -> Vector2:
        n = abs(self)
        return self / n if n > 1e-9 else Vector2()
    @classmethod
    def of(cls, thing) -> Vector2:
        return cls(thing.x, thing.y)
    @staticmethod
    def zero() -> Vector2:
        return Vector2()

class Steer(Trait):
    """Steers by vectors."""
    async def execute(self, entity):
        me = Vector2.of(entity)
        total = Vector2.zero()
        for other in entity.nearby_entities(60.0):
            away = me - Vector2.of(other)
            if away:
                total = total + 2.0 * away.unit
        if total:
            dx, dy = total.unit * 0.5
            entity.move(dx, dy)
        entity.vx, entity.vy = -total * 0.01
