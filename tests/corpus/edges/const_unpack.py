class Edge(Trait):
    A, B = 1

    async def execute(self, entity):
        entity.vx = 1.0
