import random


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = random.random() - random.random() * random.random()
        entity.move(random.random(), random.uniform(-1, 1))
