class Edge(Trait):
    async def execute(self, entity):
        for r in entity.nearby_entities(30.0):
            r.move(1.0, 1.0)
