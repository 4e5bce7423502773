import math


class SpeedLimiter(Trait):
    """Cap velocity so that no energy is wasted on sprinting."""

    def __init__(self):
        super().__init__()
        self.max_speed = 1.5

    async def execute(self, entity):
        speed = math.sqrt(entity.vx ** 2 + entity.vy ** 2)
        if speed > self.max_speed:
            factor = self.max_speed / speed
            entity.vx *= factor
            entity.vy *= factor
