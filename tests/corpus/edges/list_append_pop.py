class Edge(Trait):
    async def execute(self, entity):
        a = []
        for o in entity.nearby_entities(50.0):
            a.append(o.x)
        if a:
            entity.vx = a.pop() - a[0] if len(a) > 0 else 1.0
