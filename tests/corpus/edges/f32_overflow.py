class Edge(Trait):
    async def execute(self, entity):
        entity.max_energy = 1e39
        entity.radius = 1e-46
