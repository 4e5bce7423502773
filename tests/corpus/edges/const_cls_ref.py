class Edge(Trait):
    C = 1.5
    D = C * 2

    async def execute(self, entity):
        entity.vx = self.D
