class Edge(Trait):
    async def execute(self, entity):
        entity.x += 1.5
        entity.y -= 0.5
        entity.x = entity.x
        entity.energy += 1.0
