class Edge(Trait):
    async def execute(self, entity):
        a = entity.vx > 0
        if a is True:
            entity.vy = 1.0
