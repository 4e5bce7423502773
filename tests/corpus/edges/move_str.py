class Edge(Trait):
    async def execute(self, entity):
        entity.move('a', 1)
