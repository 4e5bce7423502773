class Edge(Trait):
    async def execute(self, entity):
        entity.foo = 1
