def f(v):
    if v % 2:
        raise ValueError('odd')
    return 1.0


class Edge(Trait):
    async def execute(self, entity):
        try:
            a = f(entity.age)
        except ValueError:
            a = -1.0
        entity.vx = a
