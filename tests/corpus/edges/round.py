class Edge(Trait):
    async def execute(self, entity):
        entity.vx = round(2.5)
        entity.vy = round(entity.x, 1) % 7
        entity.radius = round(3.14159, 2)
