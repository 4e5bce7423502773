class Edge(Trait):
    async def execute(self, entity):
        if not entity.nearby_resources(15.0):
            entity.vx = 2.0
