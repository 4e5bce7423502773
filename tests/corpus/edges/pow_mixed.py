class Edge(Trait):
    async def execute(self, entity):
        entity.vx = 2 ** -1
        entity.vy = (-8) ** 2
        entity.radius = 4 ** 0.5
