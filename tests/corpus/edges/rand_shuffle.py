import random


class Edge(Trait):
    async def execute(self, entity):
        a = [1.0, 2.0, 3.0]
        random.shuffle(a)
        entity.vx = a[0]
