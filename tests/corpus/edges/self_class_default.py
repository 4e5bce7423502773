class Edge(Trait):
    n = 0

    async def execute(self, entity):
        self.n += 1
        entity.vx = self.n
