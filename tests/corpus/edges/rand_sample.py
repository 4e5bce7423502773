import random


class Edge(Trait):
    async def execute(self, entity):
        a = random.sample([1.0, 2.0, 3.0], 2)
        entity.vx = a[0]
