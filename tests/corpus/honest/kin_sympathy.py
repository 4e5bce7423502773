class KinSympathy(Trait):
    """Stay with those of the same generation, avoid the others."""

    async def execute(self, entity):
        ax = ay = 0.0
        for other in entity.nearby_entities(35.0):
            weight = 1.0 if other.generation == entity.generation else -0.5
            ax += weight * (other.x - entity.x)
            ay += weight * (other.y - entity.y)
        entity.vx += 0.001 * ax
        entity.vy += 0.001 * ay
