import random


class Opportunist(Trait):
    """With a small chance explore, otherwise exploit the nearest food."""

    EXPLORE = 0.1

    async def execute(self, entity):
        if random.random() < self.EXPLORE:
            entity.vx += random.gauss(0.0, 1.0)
            entity.vy += random.gauss(0.0, 1.0)
            return
        foods = entity.nearby_resources(45.0)
        if foods:
            f = foods[0]
            entity.vx = 0.9 * entity.vx + 0.1 * (f.x - entity.x)
            entity.vy = 0.9 * entity.vy + 0.1 * (f.y - entity.y)
            entity.eat(5.0)
