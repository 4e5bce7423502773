class Edge(Trait):
    async def execute(self, entity):
        a = entity.nearby_entities(30.0)
        entity.move(2.0, 2.0)
        b = entity.nearby_entities(30.0)
        entity.vx = len(a) - len(b)
