class Edge(Trait):
    async def execute(self, entity):
        entity.vx = None
