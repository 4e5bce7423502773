import math


class Edge(Trait):
    async def execute(self, entity):
        entity.eat(math.nan)
        entity.eat(-1.0)
        entity.eat(math.inf)
