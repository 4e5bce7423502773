class Edge(Trait):
    async def execute(self, entity):
        for r in entity.nearby_resources(30.0):
            entity.vx += r.amount * 0.01
            entity.vy += r.energy
