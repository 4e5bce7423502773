import math
import random


class ScatterBurst(Trait):
    """Jump in a random direction when more than ten others are around."""

    THRESHOLD = 10

    async def execute(self, entity):
        crowd = len(entity.nearby_entities(25))
        if crowd > self.THRESHOLD:
            angle = random.random() * 2.0 * math.pi
            strength = 1.0 + 0.1 * (crowd - self.THRESHOLD)
            entity.vx += strength * math.cos(angle)
            entity.vy += strength * math.sin(angle)
