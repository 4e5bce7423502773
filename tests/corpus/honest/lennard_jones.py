class LennardJones(Trait):
    """Molecule-like: repel when close, attract when farther away."""

    SIGMA = 12.0
    EPSILON = 0.4

    async def execute(self, entity):
        fx = fy = 0.0
        for other in entity.nearby_entities(3 * self.SIGMA):
            dx = other.x - entity.x
            dy = other.y - entity.y
            r2 = max(dx * dx + dy * dy, 4.0)
            s6 = (self.SIGMA * self.SIGMA / r2) ** 3
            f = 24 * self.EPSILON * (s6 - 2 * s6 * s6) / r2
            fx += f * dx
            fy += f * dy
        fx = max(-1.0, min(1.0, fx))
        fy = max(-1.0, min(1.0, fy))
        entity.vx += fx
        entity.vy += fy
