import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.sin(math.inf)
