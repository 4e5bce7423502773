class Edge(Trait):
    async def execute(self, entity):
        a = any(o.x > 5 for o in entity.nearby_entities(60))
        b = all([o.x > 5 for o in entity.nearby_entities(60)])
        entity.vx = a + b
