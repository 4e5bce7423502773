class Edge(Trait):
    async def execute(self, entity):
        a = [(o.x, o.y) for o in entity.nearby_entities(40.0)]
        for x, y in a:
            entity.vx += (x - y) * 0.001
