class Edge(Trait):
    C = max([1.0, 2.0, 3.0])

    async def execute(self, entity):
        entity.vx = self.C
