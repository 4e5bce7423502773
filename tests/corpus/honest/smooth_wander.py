import math
import random


class SmoothWander(Trait):
    """Wander with a heading that changes a little every tick."""

    def __init__(self):
        super().__init__()
        self.heading = 0.0
        self.turn_rate = 0.3
        self.speed = 0.8

    async def execute(self, entity):
        self.heading += random.uniform(-self.turn_rate, self.turn_rate)
        self.heading %= 2 * math.pi
        entity.move(math.cos(self.heading) * self.speed, math.sin(self.heading) * self.speed)
