class Edge(Trait):
    async def execute(self, entity):
        for i, o in enumerate(entity.nearby_entities(50.0), 5):
            entity.vx += i * 0.001
