class Edge(Trait):
    async def execute(self, entity):
        s = sorted(entity.nearby_entities(60.0), key=lambda o: o.generation % 3, reverse=True)
        for o in s[:3]:
            entity.vx += o.x * 0.001
