class Edge(Trait):
    async def execute(self, entity):
        pass
