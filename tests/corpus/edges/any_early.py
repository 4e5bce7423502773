class Edge(Trait):
    async def execute(self, entity):
        entity.vx = any(o.vx / (o.generation % 3) > 0.1 for o in entity.nearby_entities(40.0))
