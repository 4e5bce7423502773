import math
from typing import Tuple


class FullBoids(Trait):
    """
    Classic boids: separation, alignment and cohesion combined.

    The three steering forces are weighted, summed up and limited so that
    no entity accelerates faster than MAX_FORCE in one tick.
    """

    PERCEPTION = 45.0
    PERSONAL_SPACE = 12.0
    MAX_FORCE = 0.4

    def _limit(self, fx: float, fy: float) -> Tuple[float, float]:
        magnitude = math.hypot(fx, fy)
        if magnitude > self.MAX_FORCE:
            scale = self.MAX_FORCE / magnitude
            return fx * scale, fy * scale
        return fx, fy

    async def execute(self, entity) -> None:
        neighbours = entity.nearby_entities(self.PERCEPTION)
        if not neighbours:
            return

        sep_x = sep_y = 0.0
        ali_x = ali_y = 0.0
        coh_x = coh_y = 0.0

        for other in neighbours:
            dx = entity.x - other.x
            dy = entity.y - other.y
            dist = math.hypot(dx, dy)
            if 0 < dist < self.PERSONAL_SPACE:
                sep_x += dx / dist
                sep_y += dy / dist
            ali_x += other.vx
            ali_y += other.vy
            coh_x += other.x
            coh_y += other.y

        n = len(neighbours)
        ali_x, ali_y = ali_x / n - entity.vx, ali_y / n - entity.vy
        coh_x, coh_y = coh_x / n - entity.x, coh_y / n - entity.y

        fx, fy = self._limit(
            1.5 * sep_x + 1.0 * ali_x + 0.05 * coh_x,
            1.5 * sep_y + 1.0 * ali_y + 0.05 * coh_y,
        )
        entity.vx += fx
        entity.vy += fy
