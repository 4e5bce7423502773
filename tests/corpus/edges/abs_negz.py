import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.copysign(1.0, abs(-0.0))
        entity.vy = math.copysign(1.0, round(-0.4))
        entity.radius = math.copysign(1.0, round(-0.4, 1)) + 2
