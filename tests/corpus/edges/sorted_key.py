class Edge(Trait):
    async def execute(self, entity):
        s = sorted(entity.nearby_entities(60.0), key=lambda o: -o.energy)
        if s:
            entity.vx = s[0].vx
