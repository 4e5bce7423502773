import math
from functools import lru_cache


@lru_cache(maxsize=64)
def falloff(distance: int) -> float:
    """Gaussian falloff, cached for whole distances."""
    return math.exp(-((distance / 20.0) ** 2))


class CachedTable(Trait):
    """Attraction to neighbours with a cached kernel."""

    async def execute(self, entity):
        fx = fy = 0.0
        for other in entity.nearby_entities(60.0):
            dx, dy = other.x - entity.x, other.y - entity.y
            weight = falloff(int(math.hypot(dx, dy)))
            fx += weight * dx
            fy += weight * dy
        entity.vx += 0.005 * fx
        entity.vy += 0.005 * fy
