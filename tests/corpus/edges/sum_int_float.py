class Edge(Trait):
    async def execute(self, entity):
        entity.vx = sum([1, 2.5, 3])
        entity.vy = sum(o.age for o in entity.nearby_entities(40.0)) % 7
