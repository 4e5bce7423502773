class AsyncNumeric(Trait):
    """An awaited helper that returns a plain number."""

    async def crowding(self, entity, radius):
        return len(entity.nearby_entities(radius)) / radius

    async def execute(self, entity):
        pressure = await self.crowding(entity, 20.0)
        if pressure > 0.3:
            factor = 1.0 + min(pressure, 1.0)
            entity.vx *= factor
            entity.vy *= factor
