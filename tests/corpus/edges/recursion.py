class Edge(Trait):
    def f(self, n):
        return 1 if n <= 0 else n * self.f(n - 1) % 7

    async def execute(self, entity):
        entity.vx = self.f(5)
