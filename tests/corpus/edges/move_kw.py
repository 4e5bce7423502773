class Edge(Trait):
    async def execute(self, entity):
        entity.move(dx=1.0, dy=2.0)
