class Edge(Trait):
    async def execute(self, entity):
        entity.vx, entity.vy = entity.vy, entity.vx
