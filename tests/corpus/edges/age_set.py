class Edge(Trait):
    async def execute(self, entity):
        entity.age = 3
