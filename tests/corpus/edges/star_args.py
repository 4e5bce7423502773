class Edge(Trait):
    async def execute(self, entity):
        def f(*xs):
            return xs[0] + len(xs)
        entity.vx = f(1.0, 2.0, 3.0)
