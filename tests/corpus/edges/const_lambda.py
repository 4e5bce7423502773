F = lambda x: x * 2


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = F(3.0)
