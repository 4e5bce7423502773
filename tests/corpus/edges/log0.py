import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.log(0.0)
