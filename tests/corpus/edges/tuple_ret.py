class Edge(Trait):
    def f(self, n):
        return n * 0.1, n * 0.2

    async def execute(self, entity):
        a, b = self.f(entity.x)
        entity.vx = a - b
