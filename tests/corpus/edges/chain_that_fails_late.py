class Edge(Trait):
    async def execute(self, entity):
        if 0 < entity.age % 3 < 0.001 << entity.age % 3:
            entity.vx = 1.0
