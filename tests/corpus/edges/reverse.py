class Edge(Trait):
    async def execute(self, entity):
        for o in reversed(entity.nearby_entities(60.0)):
            entity.vx = o.vx
