from collections import deque


class DequeTrail(Trait):
    """Keep the last twenty positions and avoid walking in circles."""

    def __init__(self):
        super().__init__()
        self.trail = deque(maxlen=20)

    async def execute(self, entity):
        self.trail.append((entity.x, entity.y))
        if len(self.trail) < 20:
            return
        old_x, old_y = self.trail[0]
        dx = entity.x - old_x
        dy = entity.y - old_y
        if dx * dx + dy * dy < 25.0:
            entity.vx += 0.5 if dx >= 0 else -0.5
            entity.vy += 0.5 if dy >= 0 else -0.5
