class Edge(Trait):
    async def execute(self, entity):
        entity.energy = 0.001
        entity.move(2.0, 0.0)
        entity.energy = 50.0
