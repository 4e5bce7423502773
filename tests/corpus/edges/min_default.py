class Edge(Trait):
    async def execute(self, entity):
        entity.vx = min((o.vx for o in entity.nearby_entities(10.0)), default=-1)
