import math


class Edge(Trait):
    async def execute(self, entity):
        for v in (0.0, -0.0, 1.0, -1.0, 0.5, 1e300, 5e-324, math.inf, -math.inf, math.nan):
            entity.vx += math.atan(v) + math.tanh(v) + math.erf(v)
            entity.vy = math.hypot(v, 1.0)
