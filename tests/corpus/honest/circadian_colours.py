import math


class CircadianColours(Trait):
    """Pales at night; three shades are enough."""

    SHADES = ("#203050", "#607090", "#c0d0f0")

    async def execute(self, entity):
        light = 0.5 + 0.5 * math.cos(entity.age / 3600 * math.tau)
        index = min(int(light * len(self.SHADES)), len(self.SHADES) - 1)
        entity.color = self.SHADES[index]
