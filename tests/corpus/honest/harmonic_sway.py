import math


class HarmonicSway(Trait):
    """Sway like grass: a sum of three harmonics as sideways speed."""

    async def execute(self, entity):
        t = entity.age * 0.02
        sway = 0.0
        for n in range(1, 4):
            sway += math.sin(n * t) / n
        speed = math.sqrt(entity.vx ** 2 + entity.vy ** 2)
        if speed < 1e-6:
            return
        entity.vx += -entity.vy / speed * sway * 0.1
        entity.vy += entity.vx / speed * sway * 0.1
