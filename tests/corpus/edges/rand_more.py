import random


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = random.triangular(0, 1, 0.5) + random.expovariate(1.5)
        entity.vy = random.betavariate(1.0, 2.0)
