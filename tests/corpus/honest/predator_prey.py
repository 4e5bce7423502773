import math


class PredatorPrey(Trait):
    """Large bodies chase small ones, small bodies run from large ones."""

    RATIO = 1.25
    SIGHT = 50.0

    def steer(self, entity, other, sign):
        dx = other.x - entity.x
        dy = other.y - entity.y
        d = math.hypot(dx, dy)
        if d == 0:
            return
        entity.move(sign * dx / d, sign * dy / d)

    async def execute(self, entity):
        for other in entity.nearby_entities(self.SIGHT):
            if other.radius > entity.radius * self.RATIO:
                self.steer(entity, other, -1.0)
                return
            if entity.radius > other.radius * self.RATIO:
                self.steer(entity, other, 0.7)
                return
