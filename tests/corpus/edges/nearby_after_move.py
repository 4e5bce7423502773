class Edge(Trait):
    async def execute(self, entity):
        entity.move(1.5, 1.0)
        for o in entity.nearby_entities(30.0):
            entity.vx += (o.x - entity.x) * 0.01
