class Edge(Trait):
    async def execute(self, entity):
        entity.vx = int(entity.id) % 7
