class Edge(Trait):
    n = 0.0

    async def execute(self, entity):
        Edge.n = 2.0
        entity.vx = self.n
