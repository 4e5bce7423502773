import math


class HungryEyes(Trait):
    """The hungrier, the wider it looks for food."""

    BASE_RADIUS = 25.0
    MAX_EXTRA = 100.0

    @staticmethod
    def hunger(energy, max_energy):
        if max_energy <= 0:
            return 1.0
        return max(0.0, min(1.0, 1.0 - energy / max_energy))

    async def execute(self, entity):
        hunger = self.hunger(entity.energy, entity.max_energy)
        radius = self.BASE_RADIUS + self.MAX_EXTRA * hunger
        resources = entity.nearby_resources(radius)
        if not resources:
            return
        target = min(resources, key=lambda r: (r.x - entity.x) ** 2 + (r.y - entity.y) ** 2)
        angle = math.atan2(target.y - entity.y, target.x - entity.x)
        speed = 0.5 + 1.5 * hunger
        entity.move(math.cos(angle) * speed, math.sin(angle) * speed)
        entity.eat(entity.max_energy * 0.05)
