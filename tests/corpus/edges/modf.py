import math


class Edge(Trait):
    async def execute(self, entity):
        a, b = math.modf(entity.x)
        entity.vx = a
        c, d = math.frexp(entity.x)
        entity.vy = c + d
