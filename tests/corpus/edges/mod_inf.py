import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 5.0 % math.inf
        entity.vy = -5.0 % math.inf
