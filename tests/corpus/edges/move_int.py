class Edge(Trait):
    async def execute(self, entity):
        entity.move(1, 2)
        entity.move(True, 0)
