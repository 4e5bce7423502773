class Edge(Trait):
    async def execute(self, entity):
        if entity.age % 2 and 1 / (entity.age % 2) > 0.5:
            entity.vx = 1.0
