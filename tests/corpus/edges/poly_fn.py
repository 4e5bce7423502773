def f(v):
    return v * 2


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = f(1) + f(2.5)
        entity.vy = f(True)
