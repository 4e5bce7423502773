import random

C = random.uniform(0, 1)


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = C
