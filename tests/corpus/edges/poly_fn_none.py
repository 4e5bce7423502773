def f(v):
    if v % 2:
        return None
    return v * 0.01


class Edge(Trait):
    async def execute(self, entity):
        a = f(entity.age)
        entity.vx = 1.0 if a is None else a
