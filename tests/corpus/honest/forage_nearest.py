import math


class ForageNearest(Trait):
    """Walk to the nearest visible food and eat it."""

    SIGHT = 60.0

    async def execute(self, entity):
        foods = entity.nearby_resources(self.SIGHT)
        if not foods:
            return
        food = foods[0]
        dx = food.x - entity.x
        dy = food.y - entity.y
        distance = math.hypot(dx, dy)
        if distance > 1.0:
            entity.move(dx / distance, dy / distance)
        entity.eat(5.0)
