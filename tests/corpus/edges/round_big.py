class Edge(Trait):
    async def execute(self, entity):
        entity.vx = round(1e300)
