import random


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = random.random() + random.uniform(-1, 1) + random.gauss(0, 1)
        entity.vy = random.randint(1, 6) + random.randrange(3)
        entity.radius = random.choice([1.0, 2.0, 3.0])
