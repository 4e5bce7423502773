class Edge(Trait):
    def f(self, n):
        if n % 2:
            return n * 0.01

    async def execute(self, entity):
        a = self.f(entity.age)
        if a is not None:
            entity.vx = a
