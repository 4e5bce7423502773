class Edge(Trait):
    async def execute(self, entity):
        entity.energy = -5
        entity.radius = -1
        entity.max_energy = -1
        entity.x = -10
        entity.y = 1e9
