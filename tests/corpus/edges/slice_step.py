class Edge(Trait):
    async def execute(self, entity):
        for o in entity.nearby_entities(60.0)[::2]:
            entity.vx += o.vx * 0.1
