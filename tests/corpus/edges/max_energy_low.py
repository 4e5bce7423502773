class Edge(Trait):
    async def execute(self, entity):
        entity.max_energy = 1.0
        entity.max_energy = entity.energy - 1
        entity.max_energy = 5000
