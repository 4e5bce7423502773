import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = round(math.nan)
