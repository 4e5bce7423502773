class Edge(Trait):
    async def execute(self, entity):
        for o in entity.nearby_entities(20.0):
            pass
        entity.vx = o.x
