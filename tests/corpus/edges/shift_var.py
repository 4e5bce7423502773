class Edge(Trait):
    async def execute(self, entity):
        n = entity.age % 70 - 3
        entity.vx = (1 << n) / 1e18
