C = f(2.0)
def f(x):
    return x * 2


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = C
