import math


class Edge(Trait):
    def __init__(self):
        self.n = 0.0

    async def execute(self, entity):
        self.n = -math.nan * 0.0 + math.inf - math.inf
        entity.vx = math.copysign(1.0, self.n)
