import math


class Edge(Trait):
    async def execute(self, entity):
        a = 9007199254740993
        entity.vx = (a == 9007199254740992.0) + (a > 9007199254740992.0) * 2 + (a < math.inf) * 4
