import math

WAYPOINTS = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
WORLD = 2000.0


class PatrolWaypoints(Trait):
    """Walk a square, corner by corner."""

    def __init__(self):
        super().__init__()
        self.index = 0

    async def execute(self, entity):
        wx, wy = WAYPOINTS[self.index]
        dx = wx * WORLD - entity.x
        dy = wy * WORLD - entity.y
        dist = math.hypot(dx, dy)
        if dist < 10.0:
            self.index = (self.index + 1) % len(WAYPOINTS)
            return
        entity.move(dx / dist, dy / dist)
