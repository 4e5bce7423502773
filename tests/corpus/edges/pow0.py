class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 0 ** 0 + 0.0 ** 0 + 0.0 ** 0.0
