import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.isclose(0.1 + 0.2, 0.3)
