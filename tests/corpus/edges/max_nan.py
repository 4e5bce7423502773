import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = max(math.nan, 1.0)
        entity.vy = max(1.0, math.nan)
        entity.radius = min(3.0, math.nan)
