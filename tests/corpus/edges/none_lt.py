class Edge(Trait):
    async def execute(self, entity):
        a = None if entity.age % 2 else 1.0
        if a < 1.0:
            entity.vx = 1.0
