import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.hypot(1.0, 2.0, entity.vx)
        entity.vy = math.hypot(entity.vy)
