C = D + 1.0
D = 2.0


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = C
