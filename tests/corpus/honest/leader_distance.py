import math
from typing import Optional


def clamp(value: float, low: float, high: float) -> float:
    """Limit a value to a range."""
    return max(low, min(high, value))


class LeaderDistance(Trait):
    """Keep between 10 and 20 units from the nearest neighbour."""

    NEAR = 10.0
    FAR = 20.0

    async def execute(self, entity) -> None:
        nearest: Optional[object] = None
        for candidate in entity.nearby_entities(50.0):
            nearest = candidate
            break
        if nearest is None:
            return
        dx = nearest.x - entity.x
        dy = nearest.y - entity.y
        d = math.hypot(dx, dy)
        if d < 1e-3 or self.NEAR <= d <= self.FAR:
            return
        pull = clamp((d - self.FAR) / d if d > self.FAR else (d - self.NEAR) / d, -1.0, 1.0)
        entity.move(dx * pull * 0.2, dy * pull * 0.2)
