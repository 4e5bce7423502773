import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = min(1, 1.0)
        a = max(0, 0.0, -0.0)
        entity.vy = math.copysign(1, a)
