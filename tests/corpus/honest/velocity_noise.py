import random


class VelocityNoise(Trait):
    """Small gaussian noise on the velocity breaks symmetric deadlocks."""

    SIGMA = 0.05

    async def execute(self, entity):
        entity.vx += random.gauss(0, self.SIGMA)
        entity.vy += random.gauss(0, self.SIGMA)
