class Edge(Trait):
    async def execute(self, entity):
        best = None
        for o in entity.nearby_entities(40.0):
            if best is None or o.energy > best.energy:
                best = o
        if best:
            entity.vx = best.energy * 0.01
