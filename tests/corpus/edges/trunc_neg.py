import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = int(-2.7)
        entity.vy = math.floor(-2.7)
        entity.radius = math.ceil(2.1)
