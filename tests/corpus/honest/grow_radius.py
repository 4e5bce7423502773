class GrowRadius(Trait):
    """Well-fed adults get a little bigger, starving ones shrink."""

    async def execute(self, entity):
        if entity.age < 600:
            return
        if entity.energy > 0.8 * entity.max_energy and entity.radius < 8.0:
            entity.radius += 0.01
        elif entity.energy < 0.2 * entity.max_energy and entity.radius > 2.0:
            entity.radius -= 0.01
