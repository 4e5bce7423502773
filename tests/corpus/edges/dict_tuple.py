W = {0: (1.0, 2.0), 1: (3.0, -1.0)}


class Edge(Trait):
    async def execute(self, entity):
        a, b = W[entity.age % 2]
        entity.vx = a - b
