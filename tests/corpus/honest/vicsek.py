import math
import random


class Vicsek(Trait):
    """Vicsek model: take the mean heading of the neighbours plus noise."""

    NOISE = 0.2
    SPEED = 1.0

    async def execute(self, entity):
        sin_sum = math.sin(math.atan2(entity.vy, entity.vx))
        cos_sum = math.cos(math.atan2(entity.vy, entity.vx))
        for other in entity.nearby_entities(30.0):
            theta = math.atan2(other.vy, other.vx)
            sin_sum += math.sin(theta)
            cos_sum += math.cos(theta)
        heading = math.atan2(sin_sum, cos_sum) + random.uniform(-self.NOISE, self.NOISE)
        entity.vx = self.SPEED * math.cos(heading)
        entity.vy = self.SPEED * math.sin(heading)
