def f(x):
    return x * 2
C = f(2.0)


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = C
