class Edge(Trait):
    async def execute(self, entity):
        entity.vx = sum(a.x * b.y for a in entity.nearby_resources(20.0) for b in entity.nearby_resources(20.0))
