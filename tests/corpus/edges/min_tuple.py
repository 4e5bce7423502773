class Edge(Trait):
    async def execute(self, entity):
        a = [(o.x, o.y) for o in entity.nearby_entities(40.0)]
        if a:
            m = min(a)
            entity.vx = m[1] % 5
