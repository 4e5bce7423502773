import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.log(9223372036854775807) * 0.01
