class Edge(Trait):
    def f(self, a, b=5.0):
        return a - b

    async def execute(self, entity):
        entity.vx = self.f(b=1.0, a=2.0)
