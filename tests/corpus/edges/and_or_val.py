class Edge(Trait):
    async def execute(self, entity):
        entity.vx = (0 or 2.5) + (1 and 3)
        a = entity.vx and None
        if a is None:
            entity.vy = 1.0
