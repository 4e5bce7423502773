class Edge(Trait):
    async def execute(self, entity):
        s = sorted((o.generation % 3, o.energy) for o in entity.nearby_entities(60.0))
        if s:
            entity.vx = s[0][1] * 0.01
