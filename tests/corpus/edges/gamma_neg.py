import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.gamma(-1.0)
