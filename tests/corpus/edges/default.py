class Edge(Trait):
    def f(self, a, b=5.0):
        return a - b

    async def execute(self, entity):
        entity.vx = self.f(2.0)
