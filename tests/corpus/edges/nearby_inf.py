import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = len(entity.nearby_entities(math.inf))
        entity.vy = len(entity.nearby_resources(1e300))
