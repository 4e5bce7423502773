import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = len(entity.nearby_entities(-1.0))
        entity.vy = len(entity.nearby_entities(math.nan))
