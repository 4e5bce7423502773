import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.fmod(1.0, 0.0)
