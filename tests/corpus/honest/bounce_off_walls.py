class BounceOffWalls(Trait):
    """Reflect the velocity at the borders."""

    WIDTH = 2000.0
    HEIGHT = 2000.0

    async def execute(self, entity):
        if (entity.x <= 1.0 and entity.vx < 0) or (entity.x >= self.WIDTH - 1 and entity.vx > 0):
            entity.vx = -entity.vx
        if (entity.y <= 1.0 and entity.vy < 0) or (entity.y >= self.HEIGHT - 1 and entity.vy > 0):
            entity.vy = -entity.vy
