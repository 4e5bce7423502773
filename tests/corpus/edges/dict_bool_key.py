W = {0: 1.5, 1: 2.0}


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = W[entity.vx > 0]
