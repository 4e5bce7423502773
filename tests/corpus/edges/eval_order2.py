import random


class Edge(Trait):
    async def execute(self, entity):
        a = [random.random(), random.random()]
        entity.vx = a[1] - a[0]
        if random.random() < 0.5 < random.random():
            entity.vy = 1.0
