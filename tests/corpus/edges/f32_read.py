class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 0.1
        entity.vy = entity.vx * 10 - 1
