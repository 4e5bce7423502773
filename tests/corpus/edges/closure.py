class Edge(Trait):
    async def execute(self, entity):
        k = 2.0
        def f(x):
            return x * k
        k = 3.0
        entity.vx = f(1.0)
