class Edge(Trait):
    async def execute(self, entity):
        a = [o for o in entity.nearby_entities(20.0) if o.energy > 50]
        if a:
            entity.vx = a[0].vx
        else:
            entity.vx = -1.0
