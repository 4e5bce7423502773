class Edge(Trait):
    async def execute(self, entity):
        entity.vx = sum(1.0 / (o.generation % 3) for o in entity.nearby_entities(40.0))
