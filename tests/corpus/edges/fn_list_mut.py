def f(xs):
    xs[0] = 7.0


class Edge(Trait):
    async def execute(self, entity):
        a = [1.0, 2.0]
        f(a)
        entity.vx = a[0]
