class Edge(Trait):
    async def execute(self, entity):
        a = b = entity.vx = 2.5
        entity.vy = a + b
