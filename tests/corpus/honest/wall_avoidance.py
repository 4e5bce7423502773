WORLD_SIZE = 2000.0
MARGIN = 25.0
PUSH = 0.6


class WallAvoidance(Trait):
    """Keep a margin to the borders of the world."""

    async def execute(self, entity):
        if entity.x < MARGIN:
            entity.vx += PUSH
        elif entity.x > WORLD_SIZE - MARGIN:
            entity.vx -= PUSH
        if entity.y < MARGIN:
            entity.vy += PUSH
        elif entity.y > WORLD_SIZE - MARGIN:
            entity.vy -= PUSH
