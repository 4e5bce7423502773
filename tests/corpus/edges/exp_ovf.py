import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.exp(1000.0)
