class Edge(Trait):
    async def execute(self, entity):
        for a, b in zip(entity.nearby_entities(50.0), entity.nearby_resources(50.0)):
            entity.vx += (a.x - b.x) * 0.001
