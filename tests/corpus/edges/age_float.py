class Edge(Trait):
    async def execute(self, entity):
        entity.vx = entity.age / 3 + entity.generation ** 2 * 0.1
