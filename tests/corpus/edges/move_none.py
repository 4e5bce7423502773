class Edge(Trait):
    async def execute(self, entity):
        a = entity.move(1, 2)
        if a is None:
            entity.vx = 0.0
