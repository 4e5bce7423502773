class Edge(Trait):
    async def execute(self, entity):
        r = 5.0
        while r < 100 and not entity.nearby_resources(r):
            r *= 1.5
        entity.vx = r * 0.1
