class Edge(Trait):
    async def execute(self, entity):
        entity.move(1.0)
