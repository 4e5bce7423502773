import math


class GradientClimber(Trait):
    """Climb the gradient of food: every source pulls with amount over distance squared."""

    async def execute(self, entity):
        gx, gy = 0.0, 0.0
        for res in entity.nearby_resources(120.0):
            dx = res.x - entity.x
            dy = res.y - entity.y
            d2 = dx * dx + dy * dy + 1.0
            gx += res.amount * dx / d2
            gy += res.amount * dy / d2
        g = math.sqrt(gx * gx + gy * gy)
        if g > 1e-9:
            entity.move(1.2 * gx / g, 1.2 * gy / g)
        entity.eat(5)
