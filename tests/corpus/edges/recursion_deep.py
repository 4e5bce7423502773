class Edge(Trait):
    def f(self, n):
        return 0 if n <= 0 else self.f(n - 1)

    async def execute(self, entity):
        entity.vx = self.f(500)
