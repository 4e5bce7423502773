class Edge(Trait):
    async def execute(self, entity):
        entity.vx = (entity.age + 2) ** 20 * 1e-60
