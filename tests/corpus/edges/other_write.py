class Edge(Trait):
    async def execute(self, entity):
        for o in entity.nearby_entities(30):
            o.vx = 1.0
