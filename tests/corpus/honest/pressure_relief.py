import math


class PressureRelief(Trait):
    """Soft-body pressure: overlapping neighbours push by how much they overlap."""

    STIFFNESS = 0.25

    def push_from(self, entity, other):
        """Return the push of one neighbour as a pair."""
        dx = entity.x - other.x
        dy = entity.y - other.y
        gap = math.hypot(dx, dy)
        overlap = entity.radius + other.radius - gap
        if overlap <= 0 or gap == 0:
            return 0.0, 0.0
        return dx / gap * overlap, dy / gap * overlap

    async def execute(self, entity):
        total_x, total_y = 0.0, 0.0
        for other in entity.nearby_entities(entity.radius * 2 + 6.0):
            px, py = self.push_from(entity, other)
            total_x += px
            total_y += py
        entity.move(total_x * self.STIFFNESS, total_y * self.STIFFNESS)
