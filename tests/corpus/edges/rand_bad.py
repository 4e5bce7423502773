import random


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = random.randint(3, 1)
