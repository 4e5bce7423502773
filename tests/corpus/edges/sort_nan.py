import math


class Edge(Trait):
    async def execute(self, entity):
        a = sorted([3.0, math.nan, 1.0, 2.0, math.nan, 0.0])
        entity.vx = a[0]
        entity.vy = a[2]
