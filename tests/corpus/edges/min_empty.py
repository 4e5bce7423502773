class Edge(Trait):
    async def execute(self, entity):
        entity.vx = min(o.x for o in entity.nearby_resources(0.0))
