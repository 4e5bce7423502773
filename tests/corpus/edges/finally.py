class Edge(Trait):
    async def execute(self, entity):
        try:
            entity.vx = 1 / (entity.age % 2)
        finally:
            entity.vy = 3.0
