import math


class FleeCrowd(Trait):
    """Moves away from the centre of mass of neighbours when it gets crowded."""

    def __init__(self):
        super().__init__()
        self.radius = 30.0
        self.limit = 6

    async def execute(self, entity):
        neighbours = entity.nearby_entities(self.radius)
        if len(neighbours) <= self.limit:
            return
        cx = sum(n.x for n in neighbours) / len(neighbours)
        cy = sum(n.y for n in neighbours) / len(neighbours)
        dx = entity.x - cx
        dy = entity.y - cy
        norm = math.sqrt(dx * dx + dy * dy)
        if norm > 0:
            entity.move(dx / norm * 1.5, dy / norm * 1.5)
