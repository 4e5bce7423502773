import math


class Edge(Trait):
    def __init__(self):
        self.n = 0.0

    async def execute(self, entity):
        self.n = math.nan
        entity.vx = 1.0 if self.n != self.n else 2.0
