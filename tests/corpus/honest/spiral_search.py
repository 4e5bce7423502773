import math


class SpiralSearch(Trait):
    """Search in a growing spiral until food is found, then start anew."""

    def __init__(self):
        self.angle = 0.0
        self.step = 0.5

    async def execute(self, entity):
        if entity.nearby_resources(40.0):
            self.angle = 0.0
            self.step = 0.5
            entity.eat(5.0)
            return
        self.angle += 0.25
        self.step = min(self.step + 0.01, 2.0)
        entity.move(self.step * math.cos(self.angle), self.step * math.sin(self.angle))
