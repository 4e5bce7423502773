import random


class Edge(Trait):
    def __init__(self):
        self.n = random.random()

    async def execute(self, entity):
        self.n += 1.0
        entity.vx = self.n
