class Edge(Trait):
    async def execute(self, entity):
        s = sorted(entity.nearby_entities(60.0), key=lambda o: o.generation % 3)
        for o in s:
            entity.vx = entity.vx * 0.5 + o.vx
