class Edge(Trait):
    async def execute(self, entity):
        best = None
        for o in entity.nearby_entities(5.0):
            best = o
        entity.vx = best.vx
