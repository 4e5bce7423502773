class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 1 / (entity.age % 2) if entity.age % 2 else 5.0
