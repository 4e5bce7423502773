class Edge(Trait):
    async def execute(self, entity):
        if isinstance(entity.age, int):
            entity.vx = 1.0
