class Edge(Trait):
    C = D + 1.0
    D = 2.0

    async def execute(self, entity):
        entity.vx = self.C
