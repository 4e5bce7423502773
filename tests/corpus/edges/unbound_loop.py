class Edge(Trait):
    async def execute(self, entity):
        for o in entity.nearby_entities(30.0):
            a = o.x
        entity.vx = a
