import math


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = math.log(8, 2) + math.log2(8) + math.log10(1000)
