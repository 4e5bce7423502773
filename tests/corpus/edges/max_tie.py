class Edge(Trait):
    async def execute(self, entity):
        m = max(entity.nearby_entities(60.0), key=lambda o: o.generation % 2, default=None)
        if m is not None:
            entity.vx = m.x * 0.01
