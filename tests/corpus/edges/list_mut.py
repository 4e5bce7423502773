class Edge(Trait):
    async def execute(self, entity):
        a = [0.0] * 5
        for o in entity.nearby_entities(50.0):
            a[int(o.x) % 5] += 1
        entity.vx = max(a)
        entity.vy = a.index(max(a))
