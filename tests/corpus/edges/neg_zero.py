import math


class Edge(Trait):
    async def execute(self, entity):
        a = -0.0
        entity.vx = math.copysign(1.0, a + 0)
        entity.vy = math.copysign(1.0, 0 * -1.0)
