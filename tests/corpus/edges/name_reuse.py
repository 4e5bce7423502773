class Edge(Trait):
    async def execute(self, entity):
        a = 1
        entity.vx = a
        a = 'x'
        a = 2.5
        entity.vy = a
