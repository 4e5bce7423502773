import math


class Edge(Trait):
    async def execute(self, entity):
        a = math.nan
        entity.vx = (a < 1) + (a > 1) * 2 + (a == a) * 4 + (a != a) * 8 + (1 <= a) * 16
