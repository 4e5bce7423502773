W = {1: 1.5, 1.0: 2.5, True: 3.5}


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = W[1]
