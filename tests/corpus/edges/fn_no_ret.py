def f(v):
    v += 1


class Edge(Trait):
    async def execute(self, entity):
        a = f(entity.age)
        entity.vx = 1.0 if a is None else 2.0
