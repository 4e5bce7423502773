import random


class Edge(Trait):
    C = random.random()

    async def execute(self, entity):
        entity.vx = self.C
