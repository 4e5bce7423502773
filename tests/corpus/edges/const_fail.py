class Edge(Trait):
    C = 1 / 0

    async def execute(self, entity):
        entity.vx = 1.0
