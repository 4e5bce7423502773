class Edge(Trait):
    async def execute(self, entity):
        entity.vx = sum([0.1, 0.2, 0.3], 1)
