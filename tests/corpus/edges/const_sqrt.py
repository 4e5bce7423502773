import math


class Edge(Trait):
    C = math.sqrt(-1)

    async def execute(self, entity):
        entity.vx = 1.0
