class Edge(Trait):
    async def execute(self, entity):
        entity.vx = sum(sum(1 for b in entity.nearby_resources(10.0) if b.amount > a.energy / 10) for a in entity.nearby_entities(20.0))
