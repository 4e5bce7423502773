class Edge(Trait):
    async def execute(self, entity):
        entity.vx = -5.5 % 2.0
        entity.vy = 5.5 % -2.0
        entity.radius = (-0.0) % 3.0
