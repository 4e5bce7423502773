class ZipVelocity(Trait):
    """Blend own velocity with fixed weights over the three nearest."""

    WEIGHTS = (0.5, 0.3, 0.2)

    async def execute(self, entity):
        sum_x = 0.0
        sum_y = 0.0
        total = 0.0
        for weight, other in zip(self.WEIGHTS, entity.nearby_entities(40.0)):
            sum_x += weight * other.vx
            sum_y += weight * other.vy
            total += weight
        if total > 0:
            entity.vx = 0.7 * entity.vx + 0.3 * sum_x / total
            entity.vy = 0.7 * entity.vy + 0.3 * sum_y / total
