import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.nan
        entity.energy = math.nan
        entity.x = math.nan
