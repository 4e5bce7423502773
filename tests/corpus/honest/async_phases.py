import math


class AsyncPhases(Trait):
    """Sense, decide and act as awaited coroutines."""

    async def sense(self, entity):
        foods = entity.nearby_resources(50.0)
        return foods[0] if foods else None

    async def act(self, entity, dx, dy):
        d = math.hypot(dx, dy)
        if d > 1.0:
            entity.move(dx / d, dy / d)
        else:
            entity.eat(5.0)

    async def execute(self, entity):
        target = await self.sense(entity)
        if target is None:
            return
        await self.act(entity, target.x - entity.x, target.y - entity.y)
