class Edge(Trait):
    async def execute(self, entity):
        a = entity.vx > 0
        entity.vx = a + a
        entity.vy = -a
        entity.radius = a * 3
