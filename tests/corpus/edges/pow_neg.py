class Edge(Trait):
    async def execute(self, entity):
        entity.vx = (-8.0) ** 0.5
