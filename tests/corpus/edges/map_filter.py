class Edge(Trait):
    async def execute(self, entity):
        entity.vx = sum(map(lambda o: o.x, filter(lambda o: o.y > 100, entity.nearby_entities(50.0)))) % 7
